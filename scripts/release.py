"""Make a release of what is committed: changelog closed, wheel, bill of materials, commit and tag.

The version is that of ``pyproject.toml``, and nothing is pushed. A dry run does all of it in a copy
of the working tree and leaves that tree as it is.

Usage: python scripts/release.py [--dry-run] [--packages lock|here] [--root FOLDER]
"""

import argparse
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

SECTION = "## [Unreleased]\n"
BIN = Path(sys.executable).parent


class ReleaseError(Exception):
    """The release is refused; the message says why, and what to do."""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command; return what it printed.

    Raises:
        ReleaseError: It failed; with what it said.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise ReleaseError(f"{' '.join(words)} ended with {done.returncode}:\n{said}")
    return done.stdout


def say(text: str) -> None:
    """Print one line of progress at once."""
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


def close_changelog(text: str, version: str, day: dt.date) -> str:
    """Return the changelog with the unreleased entries moved below a heading of the version.

    Raises:
        ReleaseError: There is no entry to release, or the version has its section already.
    """
    if re.search(rf"^## \[{re.escape(version)}\]", text, re.MULTILINE):
        raise ReleaseError(
            f"CHANGELOG.md has a section for {version} already; raise the version in pyproject.toml"
        )
    before, found, rest = text.partition(SECTION)
    entries = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    if not found or not re.search(r"^- ", entries, re.MULTILINE):
        raise ReleaseError(
            "CHANGELOG.md has no entry under Unreleased; a release without a change is none"
        )
    return f"{before}{SECTION}\n## [{version}] - {day:%Y-%m-%d}\n{rest}"


def copy_tree(root: Path, copy: Path) -> None:
    """Copy what git knows of the working tree, ignored files left out."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root)
    for name in filter(None, names.split("\0")):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)


def refuse_unfit(root: Path, tag: str) -> None:
    """Refuse a tree with changes that are not committed, and a tag that is there.

    Raises:
        ReleaseError: One of the two.
    """
    if changed := run("git", "status", "--porcelain", cwd=root):
        raise ReleaseError(
            f"these changes are not committed; commit or stash them:\n{changed.rstrip()}"
        )
    if run("git", "tag", "--list", tag, cwd=root):
        raise ReleaseError(f"the tag {tag} is there already; raise the version in pyproject.toml")


def build_wheel(tree: Path, dist: Path, version: str) -> Path:
    """Build the wheel without a download; return it if it holds every file of the package.

    Raises:
        ReleaseError: A file of the package is missing in it.
    """
    run(
        BIN / "uv",
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        dist,
        tree,
        cwd=tree,
    )
    [wheel] = dist.glob(f"evergreen-{version}-*.whl")
    package = tree / "include" / "evergreen"
    wanted = {str(p.relative_to(package.parent)) for p in package.rglob("*") if p.is_file()}
    with zipfile.ZipFile(wheel) as packed:
        missing = sorted(wanted - set(packed.namelist()))
    if missing:
        raise ReleaseError(
            f"the wheel lacks {', '.join(missing)}; see package-data in pyproject.toml"
        )
    return wheel


def try_wheel(wheel: Path, work: Path, *, tree: Path, packages: str) -> str:
    """Install the wheel in a new environment and use it; return the version that it tells.

    Args:
        wheel: The wheel.
        work: A folder for the environment and what the trial writes.
        tree: Where requirements.txt is.
        packages: "lock": install the locked packages, hashes checked. "here": borrow those of this
            environment, which needs no network.
    """
    place = work / "venv"
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    if packages == "lock":
        run(
            BIN / "uv",
            "pip",
            "sync",
            "--python",
            python,
            "--require-hashes",
            tree / "requirements.txt",
            cwd=work,
        )
    else:
        [site] = place.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(BIN / "uv", "pip", "install", "--python", python, "--no-deps", "--offline", wheel, cwd=work)
    # The ledger's migrations are files in the wheel: this reads them all.
    clean = ("env", "-i", f"PATH={place / 'bin'}:/usr/bin:/bin", f"EVERGREEN_PROJECT={tree}")
    ledger = f"EVERGREEN_LEDGER_URL=sqlite:///{work / 'ledger.db'}"
    run(*clean, ledger, place / "bin" / "evergreen", "ledger", "migrate", cwd=work)
    where = run(*clean, python, "-c", "import evergreen; print(evergreen.__file__)", cwd=work)
    if not Path(where.strip()).is_relative_to(place):
        raise ReleaseError(f"the trial used {where.strip()}, not the wheel")
    return run(*clean, place / "bin" / "evergreen", "--version", cwd=work).split()[-1]


def write_sbom(tree: Path, dist: Path, version: str, *, validate: bool) -> tuple[Path, int]:
    """Write the CycloneDX bill of materials of the lock; return its path and number of packages.

    Args:
        tree: Where requirements.txt is.
        dist: The folder to write to.
        version: The version of the release.
        validate: Check the file against CycloneDX's schema, which takes long.

    Raises:
        ReleaseError: It does not name every package of the lock.
    """
    path = dist / f"evergreen-{version}.cdx.json"
    project = ("--pyproject", tree / "pyproject.toml", "--mc-type", "application")
    form = ("--output-reproducible", "--validate" if validate else "--no-validate", "-o", path)
    run(BIN / "cyclonedx-py", "requirements", "requirements.txt", *project, *form, cwd=tree)
    listed = {(c["name"], c["version"]) for c in json.loads(path.read_text())["components"]}
    lock = (tree / "requirements.txt").read_text()
    locked = re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", lock, re.MULTILINE)
    if lost := sorted(set(locked) - listed):
        raise ReleaseError(f"the bill of materials lacks {lost}")
    return path, len(listed)


def release(root: Path, *, dry_run: bool, packages: str, day: dt.date) -> None:
    """Make the release, or play it in a copy.

    Raises:
        ReleaseError: Nothing was committed or tagged; the message says why.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    changelog = close_changelog((root / "CHANGELOG.md").read_text(), version, day)
    if not dry_run:
        refuse_unfit(root, f"v{version}")
    with tempfile.TemporaryDirectory(prefix="evergreen-release-") as folder:
        work = Path(folder)
        tree, made = work / "tree", work / "dist"
        copy_tree(root, tree)
        (tree / "CHANGELOG.md").write_text(changelog)
        say(f"version {version}, changelog closed with {day:%Y-%m-%d}")
        wheel = build_wheel(tree, made, version)
        say(f"wheel {wheel.name}, {wheel.stat().st_size // 1000} kB")
        told = try_wheel(wheel, work, tree=tree, packages=packages)
        if told != version:
            raise ReleaseError(f"the installed wheel says {told}, not {version}")
        say("the wheel works in a clean environment: version, ledger migrated")
        sbom, n_packages = write_sbom(tree, made, version, validate=packages == "lock")
        say(f"bill of materials {sbom.name}, {n_packages} packages")
        if not dry_run:
            publish(root, made, changelog, version)
    tell_the_rest(version, dry_run=dry_run)


def publish(root: Path, made: Path, changelog: str, version: str) -> None:
    """Put what was made into dist/, commit the changelog and tag it."""
    shutil.copytree(made, root / "dist", dirs_exist_ok=True)
    (root / "CHANGELOG.md").write_text(changelog)
    run("git", "commit", "--quiet", "-m", f"release: {version}", "CHANGELOG.md", cwd=root)
    run("git", "tag", "-a", f"v{version}", "-m", f"Evergreen {version}", cwd=root)


def tell_the_rest(version: str, *, dry_run: bool) -> None:
    """Print the tags, and what is left for a person to do."""
    say(f"git tag v{version}, image tag evergreen:{version}")
    if dry_run:
        say("dry run: nothing was written, committed or tagged")
        return
    say("left to do, once you have looked at it:")
    say(f"  git push origin HEAD v{version}")
    say(f"  docker build -t evergreen:{version} . && docker push <registry>/evergreen:{version}")


def main(arguments: list[str]) -> int:
    """Return the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--packages", choices=("lock", "here"), default="lock")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    asked = parser.parse_args(arguments)
    try:
        today = dt.datetime.now(dt.UTC).date()
        release(asked.root, dry_run=asked.dry_run, packages=asked.packages, day=today)
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
