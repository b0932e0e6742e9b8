"""Bare make explains itself, and .ci/run passes on what make said."""

import os
import re
import subprocess
from pathlib import Path

import pytest

SUMMARY = "============ 3 passed, 1 skipped in 0.12s ============"


def test_bare_make_lists_every_target(project: Path) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (project / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None

    listing = subprocess.run(
        ["make", "-C", str(project)], check=True, capture_output=True, text=True
    ).stdout

    assert re.findall(r"^  make (\S+)", listing, re.MULTILINE) == phony[1].split()


def test_no_script_writes_into_the_home_of_the_demo(project: Path) -> None:
    """The demo starts in a home of its own or in none: a tool that lay there would keep it out."""
    scripts = [path for path in (project / "scripts").iterdir() if path.is_file()]

    assert scripts
    assert [path.name for path in scripts if ".evergreen/" in path.read_text()] == []


@pytest.mark.parametrize("status", [0, 1, 2], ids=["green", "red tests", "broken set-up"])
def test_ci_run_passes_on_summary_and_exit_code(project: Path, tmp_path: Path, status: int) -> None:
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\ntest \"$*\" = test || exit 9\necho '{SUMMARY}'\nexit {status}\n")
    make.chmod(0o755)

    ci = subprocess.run(
        [project / ".ci" / "run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert ci.returncode == status
    assert ci.stdout.count(SUMMARY) == 2


def test_ci_run_says_so_where_there_is_no_summary(project: Path, tmp_path: Path) -> None:
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\necho no network\nexit 2\n")
    make.chmod(0o755)

    ci = subprocess.run(
        [project / ".ci" / "run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert ci.returncode == 2
    assert "no summary" in ci.stdout


def test_ci_run_does_not_need_an_input(project: Path, tmp_path: Path) -> None:
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\ncat && echo '{SUMMARY}'\n")
    make.chmod(0o755)

    ci = subprocess.run(
        ["bash", "-c", 'exec "$0" <&-', project / ".ci" / "run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (ci.returncode, ci.stderr) == (0, "")
    assert ci.stdout.count(SUMMARY) == 2


def test_every_evergreen_command_of_make_exists(
    project: Path, evergreen_commands: dict[str, set[str]]
) -> None:
    used = set(re.findall(r"\$\(BIN\)/evergreen (\w+)", (project / "Makefile").read_text()))

    assert used == {"demo"}
    assert used <= evergreen_commands.keys()
