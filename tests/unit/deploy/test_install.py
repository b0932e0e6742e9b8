"""The set-up refuses a Python that does not fit, and says in words what to do."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = "bash env dirname cat cksum awk sed cut grep rm mktemp head tail mkdir"


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
    for name in TOOLS.split():
        for place in os.environ["PATH"].split(":"):
            if (Path(place) / name).exists():
                (tools / name).symlink_to(Path(place) / name)
                break
    return f"{folder}:{tools}"


# A Python 3.10 that can make an environment, and reaches no index from it.
NO_PIP = """
case "$*" in
    *version_info*) exit 1;;
    *"-m venv"*) for place; do :; done; mkdir -p "$place/bin"; echo 'exit 1' >"$place/bin/python";;
esac"""


def test_a_python_that_does_not_fit_is_refused(project: Path, tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python-old", "exit 1")

    result = install(project, tmp_path, PYTHON=str(old))

    assert result.returncode == 1
    assert f"PYTHON={old} is not a Python 3.11 to 3.14" in result.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        pytest.param({}, "no Python 3.11 to 3.14 on the PATH", id="none"),
        pytest.param({"uv": "exit 1"}, "uv could not fetch one", id="none, and uv has no network"),
        pytest.param(
            {"python3": NO_PIP}, "uv could not fetch one", id="too old, without a network"
        ),
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


@pytest.mark.parametrize(
    "answers", ["python install 3.12", "python find --managed-python 3.12"], ids=["fetch", "find"]
)
def test_uv_fetches_a_python_where_none_fits(project: Path, tmp_path: Path, answers: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    fetched = fake_python(tmp_path, "fetched", f'echo "$@" >>"{tmp_path}/asked"')
    fake_python(tmp_path, "uv", f'echo "$@" >>"{tmp_path}/uv-asked"\necho "{fetched}"')

    result = install(project, tmp_path, PATH=only_tools(tmp_path, tools), PYTHON="")

    assert "fetching Python 3.12 with uv" in result.stderr
    assert answers in (tmp_path / "uv-asked").read_text().splitlines()
    assert f"-m venv --clear {tmp_path / 'venv'}" in (tmp_path / "asked").read_text()


def test_a_python_that_pyenv_has_is_found_by_its_name(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    other = fake_python(tmp_path, "elsewhere", f'echo "$@" >>"{tmp_path}/asked"')
    fake_python(tmp_path, "python3.13", "echo pyenv: not selected >&2; exit 127")
    fake_python(tmp_path, "pyenv", f'[ "$*" = "whence --path python3.13" ] && echo "{other}"')

    install(project, tmp_path, PATH=only_tools(tmp_path, tools), PYTHON="python3.13")

    assert f"-m venv --clear {tmp_path / 'venv'}" in (tmp_path / "asked").read_text()
