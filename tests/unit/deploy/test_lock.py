"""The lock holds all that is asked for, by hash, and nothing of the machine that made it."""

import re
from pathlib import Path

import pytest

LOCKS = ("requirements.txt", "requirements-dev.txt")
ENTRY = re.compile(r"^([a-z0-9][a-z0-9._-]*(?:\[[^]]*\])?==[^\s\\]+)(.*?)(?=^\S|\Z)", re.M | re.S)


def entries(path: Path) -> dict[str, str]:
    """Each pinned requirement with what follows it: marker and hashes."""
    return {match[1]: match[2] for match in ENTRY.finditer(path.read_text())}


def names(path: Path) -> set[str]:
    return {re.split(r"[\[=]", pin)[0] for pin in entries(path)}


def asked_for(path: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith("-r"))
    return {re.sub(r"[._]", "-", match[0].lower()) for match in found if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_has_a_hash(project: Path, lock: str) -> None:
    found = entries(project / lock)

    assert len(found) > 200
    assert [pin for pin, rest in found.items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_is_asked_for_is_locked(project: Path, lock: str) -> None:
    wanted = asked_for(project / lock.replace(".txt", ".in"))

    assert wanted - names(project / lock) == set()


def test_the_images_lock_is_part_of_the_developers(project: Path) -> None:
    image, developer = (set(entries(project / lock)) for lock in LOCKS)

    assert image - developer == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_file_outside(project: Path, lock: str) -> None:
    assert "../" not in (project / lock).read_text()


def test_the_package_can_be_built_from_the_lock_alone(project: Path) -> None:
    # A venv of Python 3.12 carries no setuptools, and the image builds without isolation.
    for lock in LOCKS:
        [marker] = [
            r for pin, r in entries(project / lock).items() if pin.startswith("setuptools==")
        ]
        assert not marker.lstrip().startswith(";")
