"""The script that finds a Chromium for the browser tests; none of these install one."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("bash", "env", "id", "timeout")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The only folder of the PATH: what the script needs, and no apt-get."""
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    return tmp_path


def find(project: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts/chromium.sh"],
        env={"PATH": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def browser(folder: Path, name: str, *, exit_code: int = 0) -> Path:
    file = folder / name
    file.write_text(f"#!/usr/bin/env bash\nexit {exit_code}\n")
    file.chmod(0o755)
    return file


def test_a_chromium_of_the_path_is_found(project: Path, folder: Path) -> None:
    chromium = browser(folder, "chromium")

    found = find(project, folder)

    assert (found.returncode, found.stdout.strip()) == (0, str(chromium))


def test_one_that_does_not_run_is_passed_over(project: Path, folder: Path) -> None:
    browser(folder, "chromium", exit_code=1)
    chrome = browser(folder, "google-chrome")

    assert find(project, folder).stdout.strip() == str(chrome)


def test_a_named_one_wins(project: Path, folder: Path) -> None:
    browser(folder, "chromium")
    named = browser(folder, "mine")

    assert find(project, folder, CHROMIUM=str(named)).stdout.strip() == str(named)


def test_a_named_one_that_does_not_run_is_refused(project: Path, folder: Path) -> None:
    browser(folder, "chromium")

    found = find(project, folder, CHROMIUM=str(folder / "nowhere"))

    assert found.returncode == 1
    assert "does not run; name another one" in found.stderr


def test_without_any_it_says_what_to_install(project: Path, folder: Path) -> None:
    found = find(project, folder)

    assert (found.returncode, found.stdout) == (1, "")
    assert "sudo apt-get install chromium" in found.stderr
