"""Playing the upstream system, on a small year of flights."""

from pathlib import Path

import pandas as pd
import pytest

from builders.ledger_rows import Call
from evergreen.landing import flights
from evergreen.records import Manifest


@pytest.fixture(autouse=True)
def small_year(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return a year of six weeks with 20 flights a day; the loader is the outside system here."""
    times = pd.date_range("2013-01-01", "2013-02-12", freq="72min", tz="UTC")
    frame = pd.DataFrame(
        {
            "flight_id": [f"f{number}" for number in range(len(times))],
            "scheduled_departure": times,
            "distance": 500.0,
            "temp": 60.0,
            "carrier": "AA",
            "late": 0,
        }
    )
    monkeypatch.setattr(flights, "load_flights", lambda _home: frame)
    return frame


def manifest_of(project: Path, kind: str, batch: str) -> Manifest:
    file = project / "home" / kind / "flights" / batch / "manifest.json"
    return Manifest.model_validate_json(file.read_bytes())


def landed(project: Path, kind: str) -> list[str]:
    folder = project / "home" / kind / "flights"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_land_delivers_the_next_batch_and_the_labels_that_are_due(
    call: Call, project: Path
) -> None:
    first, second = call("land", "flights"), call("land", "flights")

    assert (first.code, second.code) == (0, 0)
    assert landed(project, "landing") == ["2013-01-01", "2013-01-08"]
    assert landed(project, "labels") == ["2013-01-01"]
    assert manifest_of(project, "landing", "2013-01-08").n_rows == 140
    assert [line.split()[:2] for line in second.out.splitlines()] == [
        ["data", "2013-01-08"],
        ["labels", "2013-01-01"],
    ]


def test_land_delivers_weeks_without_labels(call: Call, project: Path) -> None:
    call("land", "flights", "--weeks", "2..3", "--no-labels")

    assert landed(project, "landing") == ["2013-01-08", "2013-01-15"]
    assert landed(project, "labels") == []


def test_land_delivers_days(call: Call, project: Path) -> None:
    call("land", "flights", "--from", "2013-01-02", "--to", "2013-01-03", "--every", "day")

    assert landed(project, "landing") == ["2013-01-02", "2013-01-03"]
    assert manifest_of(project, "landing", "2013-01-02").window.days == 1
    assert landed(project, "labels") == ["2013-01-01", "2013-01-02"]


def test_land_delivers_one_batch_broken(call: Call, project: Path) -> None:
    told = call("land", "flights", "--batch", "2013-01-08", "--fault", "renamed_column")

    assert "broken: renamed_column" in told.out
    assert "temperature" in manifest_of(project, "landing", "2013-01-08").columns


def test_land_refuses_to_break_several(call: Call, project: Path) -> None:
    refused = call("land", "flights", "--weeks", "1..2", "--fault", "half_missing")

    assert refused.code == 2
    assert "choose one with --batch" in refused.err
    assert landed(project, "landing") == []


def test_another_seed_plays_another_year(call: Call, project: Path) -> None:
    digests = set()
    for seed in ("1", "2"):
        call("land", "flights", "--batch", "2013-01-01", "--seed", seed)
        manifest = manifest_of(project, "landing", "2013-01-01")
        assert manifest.n_rows < 140
        digests.add(manifest.files[0].sha256)

    assert len(digests) == 2


def test_a_spec_with_other_columns_is_refused(call: Call, project: Path) -> None:
    spec = project / "include" / "models" / "flights" / "model.yaml"
    spec.write_text(spec.read_text().replace("name: temp", "name: warmth"))

    refused = call("land", "flights")

    assert refused.code == 2
    assert "warmth" in refused.err
