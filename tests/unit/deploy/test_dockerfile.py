"""The image takes only what it needs, checks what it installs, and does not run as root."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


def instructions(project: Path) -> list[tuple[str, str]]:
    text = (project / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(word, rest) for word, rest in pairs]


def copied(project: Path) -> list[str]:
    return [
        source
        for word, rest in instructions(project)
        if word == "COPY"
        for source in [part for part in rest.split() if not part.startswith("--")][:-1]
    ]


def test_the_linter_has_nothing_to_say(project: Path) -> None:
    lint = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), project / "Dockerfile"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (lint.returncode, lint.stdout) == (0, "")


def test_every_copied_path_exists_and_reaches_the_builder(project: Path) -> None:
    lines = (project / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}

    assert "*" in lines
    assert [path for path in copied(project) if not (project / path).exists()] == []
    assert set(copied(project)) == allowed


def test_the_package_is_installed_last_and_by_another_user_than_root(project: Path) -> None:
    steps = instructions(project)

    last_run = [rest for word, rest in steps if word == "RUN"][-1]
    last_user = [rest for word, rest in steps if word == "USER"][-1]

    assert last_run.endswith("--no-deps --no-build-isolation -e .")
    assert steps[-1] == ("USER", last_user)
    assert last_user == "50000"


def test_the_lock_is_installed_with_its_hashes(project: Path) -> None:
    runs = " ".join(rest for word, rest in instructions(project) if word == "RUN")

    assert "--require-hashes --compile -r /tmp/requirements.txt" in runs


def test_the_base_image_is_an_argument_and_has_the_locked_airflow(project: Path) -> None:
    steps = instructions(project)
    lock = (project / "requirements.txt").read_text()
    locked = re.search(r"^apache-airflow==(\S+)", lock, re.MULTILINE)

    default = dict(rest.split("=", 1) for word, rest in steps if word == "ARG")["BASE_IMAGE"]

    assert ("FROM", "${BASE_IMAGE}") in steps
    assert locked is not None
    assert default == f"apache/airflow:slim-{locked[1]}-python3.12"


def test_no_secret_is_baked_in(project: Path) -> None:
    named = [rest for word, rest in instructions(project) if word in ("ENV", "ARG")]

    assert [line for line in named if re.search(r"(?i)password|secret|token|key", line)] == []


def test_every_evergreen_variable_is_read(project: Path, settings_variables: set[str]) -> None:
    named = {
        match
        for word, rest in instructions(project)
        if word == "ENV"
        for match in re.findall(r"\bEVERGREEN_\w+", rest)
    }

    assert named
    assert named <= settings_variables


@pytest.mark.parametrize("name", ["libgomp1"])
def test_system_packages_hold_what_lightgbm_links_to(project: Path, name: str) -> None:
    assert name in (project / "packages.txt").read_text().split()
