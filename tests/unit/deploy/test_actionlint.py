"""The script that finds actionlint; it builds one only where Go is."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The only folder of the PATH: what the script needs, and no Go."""
    for tool in ("bash", "env", "dirname"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    return tmp_path


@pytest.fixture
def script(project: Path, tmp_path: Path) -> Path:
    """The script in a project of its own, so that no tool lies there from before."""
    place = tmp_path / "project" / "scripts"
    place.mkdir(parents=True)
    return Path(shutil.copy(project / "scripts" / "actionlint.sh", place))


def find(script: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script],
        env={"PATH": str(folder), **variables},
        check=False,
        capture_output=True,
        text=True,
    )


def tool(path: Path, script: str = "exit 0") -> Path:
    path.write_text(f"#!/usr/bin/env bash\n{script}\n")
    path.chmod(0o755)
    return path


def test_one_of_the_path_is_taken_and_a_named_one_wins(script: Path, folder: Path) -> None:
    on_path = tool(folder / "actionlint")
    named = tool(folder / "mine")

    assert find(script, folder).stdout.strip() == str(on_path)
    assert find(script, folder, ACTIONLINT=str(named)).stdout.strip() == str(named)


def test_go_builds_a_fixed_version(script: Path, folder: Path) -> None:
    tool(folder / "go", 'echo "$@" >"${0%/*}/asked"')

    found = find(script, folder)

    assert (found.returncode, found.stdout.strip()) == (0, ".tools/bin/actionlint")
    asked = (folder / "asked").read_text()
    assert asked.startswith("install github.com/rhysd/actionlint/cmd/actionlint@v1.")


@pytest.mark.parametrize("go", [None, "exit 1"], ids=["no Go", "Go without a network"])
def test_without_any_the_remedy_is_named(script: Path, folder: Path, go: str | None) -> None:
    if go:
        tool(folder / "go", go)

    found = find(script, folder)

    assert (found.returncode, found.stdout) == (1, "")
    assert "install it or Go" in found.stderr
