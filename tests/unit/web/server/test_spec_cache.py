import os
from pathlib import Path

import pytest
from bench.seeding import write_spec

from evergreen.errors import ExternalError
from evergreen.spec.loader import LoadedSpec, load_spec
from evergreen.web.server.spec_cache import SpecCache


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the models whose files are parsed."""
    names: list[str] = []

    def noted(folder: Path, *, home: Path) -> LoadedSpec:
        names.append(folder.name)
        return load_spec(folder, home=home)

    monkeypatch.setattr("evergreen.web.server.spec_cache.load_spec", noted)
    return names


def make_shelf(folder: Path, *, recheck_seconds: float = 0.0) -> SpecCache:
    return SpecCache(folder, home=folder, recheck_seconds=recheck_seconds)


def test_a_spec_is_parsed_once_while_its_files_stay(tmp_path: Path, parsed: list[str]) -> None:
    for name in ("one", "two"):
        write_spec(tmp_path, name)
    shelf = make_shelf(tmp_path)
    assert parsed == []

    for _ in range(3):
        assert shelf.names() == ("one", "two")

    assert parsed == ["one", "two"]


@pytest.mark.parametrize("file", ["model.yaml", "expectations.json", "features.py"])
def test_a_changed_file_is_read_again_and_no_other(
    tmp_path: Path, parsed: list[str], file: str
) -> None:
    for name in ("one", "two"):
        write_spec(tmp_path, name)
    shelf = make_shelf(tmp_path)
    shelf.read_all()

    path = tmp_path / "two" / file
    path.write_text({"model.yaml": path.read_text() if path.exists() else ""}.get(file, "[]"))
    os.utime(path, (1, 1))
    shelf.read_all()

    assert parsed == ["one", "two", "two"]


def test_files_are_not_looked_at_again_at_once(tmp_path: Path, parsed: list[str]) -> None:
    write_spec(tmp_path, "one")
    shelf = make_shelf(tmp_path, recheck_seconds=3600)
    shelf.read_all()
    write_spec(tmp_path, "two")

    assert shelf.names() == ("one",)


def test_a_spec_that_cannot_be_read_is_there_with_its_problem(tmp_path: Path) -> None:
    write_spec(tmp_path, "good")
    broken = write_spec(tmp_path, "broken")
    (broken / "model.yaml").write_text("name: broken\nownr: me\n")
    shelf = make_shelf(tmp_path)

    good, bad = shelf.get("good"), shelf.get("broken")

    assert good is not None
    assert good.loaded is not None
    assert bad is not None
    assert bad.loaded is None
    assert "ownr" in bad.problem


def test_a_mended_spec_is_read_again(tmp_path: Path) -> None:
    broken = write_spec(tmp_path, "broken")
    (broken / "model.yaml").write_text("name: [\n")
    shelf = make_shelf(tmp_path)
    shelf.read_all()

    write_spec(tmp_path, "broken")

    found = shelf.get("broken")
    assert found is not None
    assert found.problem == ""


def test_a_removed_model_is_gone(tmp_path: Path) -> None:
    folder = write_spec(tmp_path, "one")
    shelf = make_shelf(tmp_path)
    shelf.read_all()

    (folder / "model.yaml").unlink()

    assert shelf.names() == ()
    assert shelf.get("one") is None


@pytest.mark.parametrize("name", ["..", "../one", "one/../one", "", "/etc", "one/"])
def test_only_names_that_were_listed_lead_to_a_spec(tmp_path: Path, name: str) -> None:
    write_spec(tmp_path, "one")

    assert make_shelf(tmp_path).get(name) is None


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExternalError, match="EVERGREEN_MODELS_DIR"):
        make_shelf(tmp_path / "none").names()
