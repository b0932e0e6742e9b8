"""What the tests of the deployment files look at: the files, and what the project has."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def project() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """The Compose file with its anchors resolved and its variables left as they are written."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="session")
def env_example() -> dict[str, str]:
    return read_env(ROOT / ".env.example")


@pytest.fixture(scope="session")
def astro_env() -> dict[str, str]:
    return read_env(ROOT / "deploy" / "astro.env.example")


@pytest.fixture(scope="session")
def settings_variables() -> set[str]:
    """The environment variables that Evergreen reads for its settings."""
    source = (ROOT / "include" / "evergreen" / "settings.py").read_text()
    return set(re.findall(r'environ\.get\("(\w+)"', source))


@pytest.fixture(scope="session")
def evergreen_commands() -> dict[str, set[str]]:
    """All commands of the command line, as ``"ledger migrate"``, each with its options."""
    from typer.main import get_command

    from evergreen.cli.app import app

    def walk(command: Any, words: tuple[str, ...]) -> dict[str, set[str]]:
        options = {opt for param in command.params for opt in param.opts + param.secondary_opts}
        found = {" ".join(words): {*options, "--help"}} if words else {}
        for name, child in getattr(command, "commands", {}).items():
            found |= walk(child, (*words, name))
        return found

    return walk(get_command(app), ())


def read_env(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}
