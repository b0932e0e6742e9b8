from pathlib import Path

import pytest

from drivers import rendered
from evergreen.web.pages.airflow_tabs import Place, place_of
from evergreen.web.pages.runbooks import list_runbooks, read_runbook, slug

TEXT = """\
# No data

## Symptom

The batch of <model> did not *come*.

## Act

### Act

```bash act=again
evergreen why <model> <batch> && echo "<run>"
```

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "no_data.md").write_text(TEXT)
    (tmp_path / "Not a name.md").write_text("# Secret")
    (tmp_path / "notes.txt").write_text("secret")
    return tmp_path


def test_list_holds_only_runbooks(folder: Path) -> None:
    found = list(list_runbooks(folder))

    assert [(one.name, one.title, one.summary) for one in found] == [
        ("no_data", "No data", "The batch of <model> did not come.")
    ]


def test_headings_are_anchors_and_each_is_unique(folder: Path) -> None:
    page = rendered.runbook(folder, "no_data")

    ids = [str(tag["id"]) for tag in page.select(".prose [id]")]
    assert ids == ["symptom", "act", "act-2"]
    assert [str(a["href"]) for a in page.select(".contents a")] == ["#symptom", "#act", "#act-2"]


def test_title_stands_once(folder: Path) -> None:
    page = rendered.runbook(folder, "no_data")

    assert len(page.select("h1")) == 1
    assert rendered.text_of(page.h1) == "No data"


def test_commands_are_filled_in_with_what_is_known(folder: Path) -> None:
    page = rendered.runbook(folder, "no_data", model="flights", batch="2013-01-01")

    assert rendered.text_of(page.select_one("pre code")) == (
        'evergreen why flights 2013-01-01 && echo "<run>"'
    )
    assert "The batch of <model> did not come" in page.get_text()
    assert "filled in for flights, batch 2013-01-01" in page.get_text()


def test_tables_are_drawn(folder: Path) -> None:
    assert len(rendered.runbook(folder, "no_data").select("table td")) == 2


@pytest.mark.parametrize("name", ["../no_data", "notes", "Not a name", "no_data.md", "", "none"])
def test_only_names_that_are_there_are_read(folder: Path, name: str) -> None:
    assert read_runbook(folder, name, filled={}) is None


def test_folder_that_is_not_there_has_no_runbooks(tmp_path: Path) -> None:
    assert list(list_runbooks(tmp_path / "none")) == []
    assert "is empty" in rendered.runbooks(tmp_path / "none").get_text()


def test_slug_is_the_words_of_a_heading() -> None:
    assert slug("Check that it worked!") == "check-that-it-worked"
    assert slug("<b>É") == "b"


@pytest.mark.parametrize(
    ("dag_id", "place"),
    [
        pytest.param("ingest__flights", Place("ingest", "flights"), id="of a model"),
        pytest.param("watchdog", Place("watchdog", ""), id="of all models"),
        pytest.param("etl__flights", Place("", ""), id="somebody else's"),
        pytest.param("ingest", Place("", ""), id="a kind without a model"),
        pytest.param("ingest__../../x", Place("", ""), id="no model's name"),
        pytest.param("ingest__a__b", Place("ingest", "a__b"), id="underscores in the name"),
        pytest.param("", Place("", ""), id="nothing"),
    ],
)
def test_place_of_a_dag_follows_from_its_id(dag_id: str, place: Place) -> None:
    assert place_of(dag_id) == place
