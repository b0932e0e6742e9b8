import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import EmptyWindowError, RequestError
from evergreen.landing.deliver import (
    PlannedBatch,
    deliver_batch,
    deliver_labels,
    find_batch,
    plan_batches,
    sample_rows,
    select_weeks,
)
from evergreen.landing.faults import Fault
from evergreen.records import Manifest
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec


class Shelf:
    """Keeps what is delivered, and the order in which it came."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.calls: list[str] = []

    def write_bytes(self, path: str, data: bytes) -> None:
        self.files[path] = data
        self.calls.append(f"write {path}")

    def write_json(self, path: str, payload: Any) -> None:
        self.write_bytes(path, json.dumps(payload).encode())

    def delete(self, path: str) -> None:
        self.calls.append(f"delete {path}")
        for name in [n for n in self.files if n == path or n.startswith(f"{path}/")]:
            del self.files[name]

    def table(self, batch: str, manifest: Manifest) -> pa.Table:
        parts = [pq.read_table(BytesIO(self.files[f"{batch}/{f.path}"])) for f in manifest.files]
        return pa.concat_tables(parts)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def spec(loaded: LoadedSpec) -> ModelSpec:
    return loaded.spec


@pytest.fixture
def week(flights: pd.DataFrame) -> PlannedBatch:
    return find_batch(plan_batches(flights), "2013-03-05")


def test_year_has_52_whole_weeks(flights: pd.DataFrame) -> None:
    planned = plan_batches(flights)

    assert [one.batch for one in planned[:3]] == ["2013-01-01", "2013-01-08", "2013-01-15"]
    assert (len(planned), planned[-1].batch) == (52, "2013-12-24")
    assert all(one.window.days == 7 for one in planned)
    assert all(a.window.end == b.window.start for a, b in pairwise(planned))


def test_year_has_365_days(flights: pd.DataFrame) -> None:
    planned = plan_batches(flights, every_days=1)

    assert (len(planned), planned[-1].batch) == (365, "2013-12-31")


def test_first_batch_may_be_a_longer_history(flights: pd.DataFrame) -> None:
    planned = plan_batches(flights, history_weeks=4)

    assert [one.batch for one in planned[:3]] == ["2013-01-01", "2013-01-29", "2013-02-05"]
    assert [one.window.days for one in planned[:2]] == [28, 7]


def test_batches_may_start_later(flights: pd.DataFrame) -> None:
    planned = plan_batches(flights, first=date(2013, 3, 1), every_days=1, history_weeks=1)

    assert [one.batch for one in planned[:2]] == ["2013-03-01", "2013-03-08"]
    assert planned[1].window.start == datetime(2013, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(("every_days", "history_weeks"), [(0, 0), (-7, 0), (7, -1)])
def test_impossible_plan_is_refused(
    flights: pd.DataFrame, every_days: int, history_weeks: int
) -> None:
    with pytest.raises(RequestError, match="expected at least 1 and 0"):
        plan_batches(flights, every_days=every_days, history_weeks=history_weeks)


def test_unknown_batch_is_refused_with_its_neighbours(flights: pd.DataFrame) -> None:
    with pytest.raises(RequestError, match=r"the nearest are 2013-03-05, 2013-03-12, 2013-03-19"):
        find_batch(plan_batches(flights), "2013-03-11")
    with pytest.raises(RequestError, match="no batch 'soon'"):
        find_batch(plan_batches(flights), "soon")


def test_weeks_are_counted_from_the_first_batch(flights: pd.DataFrame) -> None:
    weekly = plan_batches(flights)
    with_history = plan_batches(flights, history_weeks=4)
    daily = plan_batches(flights, every_days=1)

    assert [one.batch for one in select_weeks(weekly, 2, 3)] == ["2013-01-08", "2013-01-15"]
    assert [one.batch for one in select_weeks(with_history, 1, 5)] == ["2013-01-01", "2013-01-29"]
    assert len(select_weeks(daily, 1, 2)) == 14
    for first, last in ((3, 2), (53, 60), (0, 0)):
        with pytest.raises(RequestError, match="no batch starts"):
            select_weeks(weekly, first, last)


def test_sample_is_the_same_for_a_seed_and_another_for_another(flights: pd.DataFrame) -> None:
    one, same, other = (sample_rows(flights, seed=s) for s in (1, 1, 2))

    assert one.index.equals(same.index)
    assert not one.index.equals(other.index)
    assert len(one) / len(flights) == pytest.approx(0.9, abs=0.01)
    assert sample_rows(flights, seed=None) is flights


@pytest.mark.parametrize(("seed", "share"), [(1, 0.0), (1, 1.1), (-1, 0.9)])
def test_impossible_sample_is_refused(flights: pd.DataFrame, seed: int, share: float) -> None:
    with pytest.raises(RequestError, match="0 < share <= 1"):
        sample_rows(flights, seed=seed, share=share)


def test_manifest_describes_its_files_and_comes_last(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    manifest = deliver_batch(shelf, spec, flights, week.window, week.batch)

    stored = Manifest.from_json(json.loads(shelf.files["2013-03-05/manifest.json"]))
    assert stored == manifest
    assert shelf.calls[-1] == "write 2013-03-05/manifest.json"
    assert [file.path for file in manifest.files] == ["part-0.parquet", "part-1.parquet"]
    for file in manifest.files:
        data = shelf.files[f"2013-03-05/{file.path}"]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size_bytes, file.sha256)
        assert pq.read_metadata(BytesIO(data)).num_rows == file.n_rows
    assert (manifest.model, manifest.batch, manifest.kind) == ("flights", "2013-03-05", "data")
    assert manifest.window == week.window
    table = shelf.table("2013-03-05", manifest)
    assert {field.name: str(field.type) for field in table.schema} == manifest.columns


def test_batch_holds_the_rows_of_its_week_and_no_label(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    manifest = deliver_batch(shelf, spec, flights, week.window, week.batch, n_parts=3)

    rows = shelf.table("2013-03-05", manifest).to_pandas()
    times = rows["scheduled_departure"]
    assert times.min() >= week.window.start
    assert times.max() < week.window.end
    assert (
        len(rows)
        == manifest.n_rows
        == flights["scheduled_departure"]
        .between(week.window.start, week.window.end, inclusive="left")
        .sum()
    )
    assert list(rows) == ["flight_id", "scheduled_departure", *spec.data.feature_names]


def test_labels_have_the_keys_of_their_batch(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    labels = Shelf()

    data = deliver_batch(shelf, spec, flights, week.window, week.batch)
    manifest = deliver_labels(labels, spec, flights, week.window, week.batch)

    given = labels.table("2013-03-05", manifest)
    assert given.column_names == ["flight_id", "late"]
    assert (
        given["flight_id"].to_pylist() == shelf.table("2013-03-05", data)["flight_id"].to_pylist()
    )
    assert set(given["late"].to_pylist()) == {0, 1}
    assert (manifest.kind, manifest.window) == ("labels", week.window)


def test_redelivery_replaces_everything_and_takes_the_manifest_away_first(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    deliver_batch(shelf, spec, flights, week.window, week.batch, n_parts=3)
    shelf.calls.clear()

    manifest = deliver_batch(shelf, spec, flights[::2], week.window, week.batch, n_parts=1)

    assert shelf.calls[0] == "delete 2013-03-05/manifest.json"
    assert sorted(shelf.files) == ["2013-03-05/manifest.json", "2013-03-05/part-0.parquet"]
    assert shelf.table("2013-03-05", manifest).num_rows == manifest.n_rows


def test_same_delivery_twice_has_the_same_content(
    spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    one, other = Shelf(), Shelf()

    first = deliver_batch(one, spec, flights, week.window, week.batch)
    second = deliver_batch(other, spec, flights, week.window, week.batch)

    assert first == second


@pytest.mark.parametrize("fault", ["half_missing", "unit_changed", "renamed_column"])
def test_manifest_of_a_data_fault_is_truthful(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch, fault: Fault
) -> None:
    manifest = deliver_batch(shelf, spec, flights, week.window, week.batch, fault=fault)

    table = shelf.table("2013-03-05", manifest)
    assert {field.name: str(field.type) for field in table.schema} == manifest.columns
    assert table.num_rows == manifest.n_rows


def test_truncated_part_is_shorter_than_its_manifest_says(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    manifest = deliver_batch(shelf, spec, flights, week.window, week.batch, fault="truncated_part")

    sizes = [len(shelf.files[f"2013-03-05/{file.path}"]) for file in manifest.files]
    assert sizes[0] == manifest.files[0].size_bytes
    assert sizes[1] == manifest.files[1].size_bytes // 2


def test_missing_part_is_listed_and_not_there(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    manifest = deliver_batch(shelf, spec, flights, week.window, week.batch, fault="missing_part")

    assert len(manifest.files) == 2
    assert sorted(shelf.files) == ["2013-03-05/manifest.json", "2013-03-05/part-0.parquet"]


def test_window_without_rows_is_refused_before_anything_is_touched(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    later = week.window.model_copy(
        update={k: getattr(week.window, k) + timedelta(days=900) for k in ("start", "end")}
    )

    with pytest.raises(EmptyWindowError, match="no row lies in"):
        deliver_batch(shelf, spec, flights, later, "2015-08-22")

    assert shelf.calls == []


def test_caller_mistakes_are_refused(
    shelf: Shelf, spec: ModelSpec, flights: pd.DataFrame, week: PlannedBatch
) -> None:
    with pytest.raises(ValueError, match="no column temp"):
        deliver_batch(shelf, spec, flights.drop(columns="temp"), week.window, week.batch)
    with pytest.raises(ValueError, match="at least one part"):
        deliver_batch(shelf, spec, flights, week.window, week.batch, n_parts=0)
