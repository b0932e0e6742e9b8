"""A release is whole or refused; a dry run changes nothing."""

import datetime as dt
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DAY = dt.date(2026, 5, 4)
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Apples.

## [0.1.0] - 2026-01-02

- Pears.
"""


@pytest.fixture(scope="module")
def version(project: Path) -> str:
    found: str = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    return found


@pytest.fixture(scope="module")
def clone(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files that a release is made of, in a repository of their own."""
    root = tmp_path_factory.mktemp("release") / "evergreen"
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "requirements.txt"):
        root.mkdir(exist_ok=True)
        shutil.copy2(project / name, root)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(project / "include", root / "include", ignore=ignored)
    (root / ".gitignore").write_text("dist/\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    for key, value in (("name", "A. Person"), ("email", "person@example.com")):
        git(root, "config", f"user.{key}", value)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "all")
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def script(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", project / "scripts" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def release(project: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = project / "scripts" / "release.py"
    command = [sys.executable, str(script), "--packages", "here", "--root", str(root), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_changelogs_section_is_closed_with_the_date(script: ModuleType) -> None:
    closed = script.close_changelog(CHANGELOG, "0.2.0", DAY)

    headings = re.findall(r"^## .*", closed, re.MULTILINE)
    assert headings == ["## [Unreleased]", "## [0.2.0] - 2026-05-04", "## [0.1.0] - 2026-01-02"]
    assert closed.index("Apples") > closed.index("0.2.0")
    assert closed.replace("## [0.2.0] - 2026-05-04\n\n", "").replace("\n\n\n", "\n\n") == CHANGELOG


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(CHANGELOG.replace("0.1.0", "0.2.0"), "already", id="released before"),
        pytest.param(CHANGELOG.replace("- Apples.", ""), "no entry", id="no entry"),
        pytest.param(CHANGELOG.replace("[Unreleased]", "[Next]"), "no entry", id="no section"),
    ],
)
def test_a_changelog_that_has_nothing_to_release_is_refused(
    script: ModuleType, text: str, why: str
) -> None:
    with pytest.raises(script.ReleaseError, match=why):
        script.close_changelog(text, "0.2.0", DAY)


def test_a_dry_run_tries_all_and_changes_nothing(project: Path, version: str) -> None:
    def state() -> list[str]:
        looks = ("rev-parse HEAD", "tag --list", "diff HEAD --stat", "status --porcelain")
        return [git(project, *look.split()) for look in looks]

    before = state()

    made = subprocess.run(
        ["make", "-C", str(project), "release", "DRY=1"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert made.returncode == 0, made.stderr
    n_locked = len(re.findall(r"^[\w.-]+.*==", (project / "requirements.txt").read_text(), re.M))
    for said in (
        f"changelog closed with {dt.datetime.now(dt.UTC):%Y-}",
        f"wheel evergreen-{version}-py3-none-any.whl",
        "works in a clean environment",
        f"evergreen-{version}.cdx.json, {n_locked} packages",
        f"git tag v{version}, image tag evergreen:{version}",
        "nothing was written",
    ):
        assert said in made.stdout
    assert state() == before


def test_a_release_is_committed_and_tagged_once(project: Path, clone: Path, version: str) -> None:
    first = release(project, clone)
    again = release(project, clone)

    assert first.returncode == 0, first.stderr
    assert git(clone, "tag", "--points-at", "HEAD") == f"v{version}"
    assert (
        git(clone, "show", "--stat", "--format=%s", "HEAD").split("\n")[0] == f"release: {version}"
    )
    assert git(clone, "status", "--porcelain") == ""
    assert f"## [{version}] - " in (clone / "CHANGELOG.md").read_text()
    sbom = json.loads((clone / "dist" / f"evergreen-{version}.cdx.json").read_text())
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["version"]) == ("CycloneDX", version)
    assert len(list((clone / "dist").glob("*.whl"))) == 1
    assert again.returncode == 1
    assert "raise the version" in again.stderr
    assert len(git(clone, "log", "--format=%h").split()) == 2


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        pytest.param("change", "not committed", id="a change that is not committed"),
        pytest.param("tag", "the tag v1.0 is there", id="a tag that is there"),
    ],
)
def test_an_unfit_tree_is_refused(script: ModuleType, tmp_path: Path, unfit: str, why: str) -> None:
    git(tmp_path, "init", "--quiet")
    person = ("-c", "user.name=A. Person", "-c", "user.email=person@example.com")
    git(tmp_path, *person, "commit", "--quiet", "--allow-empty", "-m", "all")
    script.refuse_unfit(tmp_path, "v1.0")
    if unfit == "change":
        (tmp_path / "file").touch()
    else:
        git(tmp_path, "tag", "v1.0")

    with pytest.raises(script.ReleaseError, match=why):
        script.refuse_unfit(tmp_path, "v1.0")


def test_a_wheel_without_one_of_the_files_is_refused(
    script: ModuleType, clone: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(clone, tree, ignore=shutil.ignore_patterns(".git", "dist"))
    (tree / "include/evergreen/web/forgotten.dat").write_text("not in package-data")
    version = tomllib.loads((tree / "pyproject.toml").read_text())["project"]["version"]

    with pytest.raises(script.ReleaseError, match=r"lacks evergreen/web/forgotten\.dat"):
        script.build_wheel(tree, tmp_path / "dist", version)


def test_images_carry_the_version_of_the_project(
    compose: dict[str, Any], env_example: dict[str, str], version: str
) -> None:
    assert compose["x-image"]["image"] == f"${{EVERGREEN_IMAGE:-evergreen:{version}}}"
    assert env_example["EVERGREEN_IMAGE"] == f"evergreen:{version}"
