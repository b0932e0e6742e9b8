"""Which history a model is back-tested on: its own, or the replay of a year."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from builders.ledger_rows import SHA, SPEC, Call
from evergreen.cli.backtest_run import _history_of_model as read_model_history
from evergreen.data.batches import batch_id
from evergreen.errors import EmptyWindowError, RequestError, SpecError
from evergreen.ledger.ledger import Ledger
from evergreen.records import QualityResult, Snapshot, Window
from evergreen.storage.store import Store
from evergreen.workflows.backtest.model_history import MIN_OWN_BATCHES
from evergreen.workflows.ingest.labelled_data import labelled_path

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
TRAINING_WEEKS = 8


def label_weeks(project: Path, ledger: Ledger, n_weeks: int, *, model: str = "flights") -> None:
    """Store labelled weeks of a model as the suite does."""
    store = Store.at(f"file://{project}/home/store")
    for week in range(n_weeks):
        start = FIRST + timedelta(weeks=week)
        batch, window = batch_id(start), Window(start=start, end=start + timedelta(weeks=1))
        snapshot = Snapshot(
            model=model, batch=batch, kind="labels", path=f"snapshots/{batch}", sha256=SHA,
            n_rows=14, window=window,
        )  # fmt: skip
        ledger.batches.record_snapshot(snapshot)
        accepted = QualityResult(verdict="accepted", rules=(), sentence="fine")
        ledger.batches.record_quality(model, "labels", batch, accepted)
        store.write_table(labelled_path(model, batch), make_week(start))


def make_week(start: datetime) -> pa.Table:
    n_rows = 14
    return pa.table(
        {
            "flight_id": [f"{start:%m%d}-{i}" for i in range(n_rows)],
            "scheduled_departure": [start + timedelta(days=i / 2) for i in range(n_rows)],
            "distance": np.arange(n_rows, dtype=np.float64),
            "temp": np.arange(n_rows, dtype=np.float64),
            "carrier": ["AA", "UA"] * 7,
            "late": [0, 1] * 7,
        }
    )


def add_model(project: Path, name: str) -> None:
    folder = project / "include" / "models" / name
    folder.mkdir()
    text = SPEC.replace("flights", name)
    (folder / "model.yaml").write_text(text)


def test_half_a_year_of_its_own_is_taken(project: Path, ledger: Ledger) -> None:
    label_weeks(project, ledger, TRAINING_WEEKS + MIN_OWN_BATCHES)

    history = read_model_history("flights")

    assert history.stream.n_batches == MIN_OWN_BATCHES
    assert history.policy.name == "default"
    assert history.sentence == "History: 34 labelled batches of flights from the store."


def test_with_less_the_year_is_replayed(project: Path, ledger: Ledger) -> None:
    label_weeks(project, ledger, TRAINING_WEEKS + MIN_OWN_BATCHES - 1)

    history = read_model_history("flights")

    assert history.stream.n_batches == 44
    assert history.stream.edges[-1] > 300_000
    assert "2013, not the store (what is stored makes 25 batches only)" in history.sentence


def test_what_is_stored_may_be_asked_for_however_short(project: Path, ledger: Ledger) -> None:
    label_weeks(project, ledger, TRAINING_WEEKS + 2)

    assert read_model_history("flights", source="stored").stream.n_batches == 2


def test_another_model_has_only_what_was_landed(project: Path, ledger: Ledger) -> None:
    add_model(project, "sales")
    label_weeks(project, ledger, TRAINING_WEEKS + 3, model="sales")

    assert read_model_history("sales").stream.n_batches == 3
    with pytest.raises(RequestError, match="sales has no replay"):
        read_model_history("sales", source="replay")


def test_too_little_history_is_refused_with_what_to_do(project: Path) -> None:
    add_model(project, "sales")

    with pytest.raises(EmptyWindowError, match="land more batches and their labels"):
        read_model_history("sales")
    with pytest.raises(EmptyWindowError, match="evergreen backtest flights --history replay"):
        read_model_history("flights", source="stored")
    assert not (project / "home" / "ledger.db").exists()


def test_an_unknown_model_names_those_there_are(project: Path) -> None:
    with pytest.raises(SpecError, match="the models here: flights"):
        read_model_history("sales")


def test_derived_features_are_made_as_in_training(project: Path, ledger: Ledger) -> None:
    folder = project / "include" / "models" / "flights"
    (folder / "model.yaml").write_text(f"{SPEC}    - {{name: far, kind: boolean, derived: true}}\n")
    (folder / "features.py").write_text(
        "def build_features(frame):\n"
        "    assert 'late' not in frame\n"
        "    return frame.assign(far=frame['distance'] > 6)\n"
    )
    label_weeks(project, ledger, TRAINING_WEEKS + 1)

    stream = read_model_history("flights", source="stored").stream

    assert stream.features[-1].name == "far"
    assert stream.matrix[:14, -1].tolist() == [0.0] * 7 + [1.0] * 7


def test_the_command_says_which_history_it_took(call: Call, project: Path, ledger: Ledger) -> None:
    label_weeks(project, ledger, TRAINING_WEEKS + 3)

    done = call("backtest", "flights", "--history", "stored", "--policy", "never")

    assert done.code == 0
    assert "History: 11 labelled batches of flights from the store." in done.out
    assert "3 batches, scored by AUC, labels 1 batch later" in done.out
