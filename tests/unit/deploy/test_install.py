"""The set-up refuses a Python that does not fit, and says in words what to do."""

import os
import subprocess
from pathlib import Path

import pytest


def install(project: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / "install.sh"],
        env={**os.environ, "VENV": str(folder / "venv"), **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def fake_python(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def only_tools(folder: Path, tools: Path) -> str:
    for name in ("bash", "env", "dirname", "cat", "cksum", "awk", "sed", "cut", "grep", "rm"):
        for place in os.environ["PATH"].split(":"):
            if (Path(place) / name).exists():
                (tools / name).symlink_to(Path(place) / name)
                break
    return f"{folder}:{tools}"


def test_a_python_that_does_not_fit_is_refused(project: Path, tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python-old", "exit 1")

    result = install(project, tmp_path, PYTHON=str(old))

    assert result.returncode == 1
    assert f"PYTHON={old} is not a Python >= 3.11, < 3.13" in result.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        pytest.param({}, "no Python >= 3.11, < 3.13 on the PATH", id="none"),
        pytest.param(
            {"python3.11": 'case "$2" in *ensurepip*) exit 1;; esac'},
            "apt install python3.11-venv",
            id="without ensurepip",
        ),
    ],
)
def test_a_missing_python_is_named_with_its_remedy(
    project: Path, tmp_path: Path, pythons: dict[str, str], said: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, script in pythons.items():
        fake_python(tmp_path, name, script)

    result = install(project, tmp_path, PATH=only_tools(tmp_path, tools), PYTHON="")

    assert result.returncode == 1
    assert said in result.stderr
