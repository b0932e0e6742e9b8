"""Which batches are delivered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from evergreen.cli.landing_plan import Choice, Plan, make_plan, read_landed, read_weeks
from evergreen.errors import RequestError
from evergreen.records import Manifest
from evergreen.storage.store import Store


def make_frame(days: int = 40) -> pd.DataFrame:
    times = pd.date_range("2013-01-01", periods=days * 2 + 1, freq="12h", tz="UTC")
    return pd.DataFrame({"scheduled_departure": times})


def make_store(folder: Path) -> Store:
    return Store.at(f"file://{folder}")


def plan_for(folder: Path, choice: Choice, *, every: int = 7, history: int = 0) -> Plan:
    return make_plan(
        make_frame(), choice, make_store(folder), every_days=every, history_weeks=history
    )


def ids(plan: Plan) -> list[str]:
    return [one.batch for one in plan.chosen]


def land(store: Store, batch: str, *, days: int = 7) -> None:
    start = datetime.fromisoformat(batch).replace(tzinfo=UTC)
    end = start + timedelta(days=days)
    manifest = Manifest.from_json(
        {
            "model": "flights",
            "batch": batch,
            "kind": "data",
            "files": [{"path": "p", "size_bytes": 1, "sha256": "a" * 64, "n_rows": 1}],
            "n_rows": 1,
            "columns": {"x": "double"},
            "window": {"start": start.isoformat(), "end": end.isoformat()},
        }
    )
    store.write_json(f"{batch}/manifest.json", manifest.to_json())


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param(Choice(), ["2013-01-01"], id="nothing: the first"),
        pytest.param(
            Choice(batches=("2013-01-15", "2013-01-08", "2013-01-15")),
            ["2013-01-08", "2013-01-15"],
            id="ids, in time order and once",
        ),
        pytest.param(Choice(weeks="2..3"), ["2013-01-08", "2013-01-15"], id="weeks"),
        pytest.param(Choice(weeks="2"), ["2013-01-08"], id="one week"),
        pytest.param(
            Choice(first="2013-01-08", last="2013-01-15"),
            ["2013-01-08", "2013-01-15"],
            id="dates, both included",
        ),
        pytest.param(Choice(first="2013-01-16"), ["2013-01-22", "2013-01-29"], id="from"),
        pytest.param(Choice(last="2013-01-07"), ["2013-01-01"], id="to"),
    ],
)
def test_batches_are_chosen_in_each_way(
    tmp_path: Path, choice: Choice, expected: list[str]
) -> None:
    assert ids(plan_for(tmp_path, choice)) == expected


def test_days_of_a_week_and_a_long_first_batch(tmp_path: Path) -> None:
    daily = plan_for(tmp_path, Choice(weeks="2"), every=1)
    long = plan_for(tmp_path, Choice(weeks="1..4"), history=3)

    assert ids(daily)[0] == "2013-01-08"
    assert len(daily.chosen) == 7
    assert ids(long) == ["2013-01-01", "2013-01-22"]
    assert long.chosen[0].window.days == 21


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        (Choice(batches=("2013-01-01",), weeks="1"), "several were given"),
        (Choice(weeks="1", first="2013-01-01"), "several were given"),
        (Choice(batches=("2013-01-02",)), "the nearest are 2013-01-01"),
        (Choice(first="2014-01-01"), "batches from 2013-01-01 to 2013-01-29"),
        (Choice(weeks="40..41"), "no batch starts in weeks 40 to 41"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(tmp_path: Path, choice: Choice, text: str) -> None:
    with pytest.raises(RequestError, match=text):
        plan_for(tmp_path, choice)


@pytest.mark.parametrize("text", ["", "a", "1..", "..2", "1-2", "1..2..3", "-1"])
def test_read_weeks_refuses_what_is_no_range(text: str) -> None:
    with pytest.raises(RequestError, match=r"expected 3\.\.8"):
        read_weeks(text)


def test_without_a_choice_the_batch_after_the_newest_landed_comes(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    land(store, "2013-01-01", days=14)
    land(store, "2013-01-15")
    (tmp_path / "2013-01-22").mkdir()  # has no manifest: not complete

    plan = plan_for(tmp_path, Choice())

    assert ids(plan) == ["2013-01-22"]
    assert [one.batch for one in read_landed(store)] == ["2013-01-01", "2013-01-15"]


def test_after_the_last_whole_batch_nothing_is_left(tmp_path: Path) -> None:
    land(make_store(tmp_path), "2013-01-29")

    with pytest.raises(RequestError, match="there is no full batch after the newest"):
        plan_for(tmp_path, Choice())


@pytest.mark.parametrize(
    ("delay", "due"), [(0, "2013-01-15"), (1, "2013-01-08"), (2, "2013-01-01"), (3, None)]
)
def test_labels_come_with_a_later_batch(tmp_path: Path, delay: int, due: str | None) -> None:
    plan = plan_for(tmp_path, Choice(batches=("2013-01-15",)))

    found = plan.labels_due_with(plan.chosen[0], delay=delay)

    assert (None if found is None else found.batch) == due
