import pytest

from evergreen.measurements import (
    ColumnDrift,
    DecayMeasurement,
    DriftMeasurement,
    ErrorChange,
    SliceMetric,
)
from evergreen.presentation.formatting import NOTHING
from evergreen.presentation.signals import signals_of
from evergreen.records import MetricEstimate
from evergreen.signals import Episode, LabelledBatch, PolicySignals, PolicyState, RivalGain


def make_signals(
    drift: DriftMeasurement | None = None,
    decay: DecayMeasurement | None = None,
    labelled: tuple[LabelledBatch, ...] = (),
) -> PolicySignals:
    return PolicySignals(
        batch="2026-01-01",
        champion_version="1",
        drift=drift,
        decay=decay,
        labelled=labelled,
        n_training_rows=1,
        n_holdout_rows=1,
    )


ALWAYS = ["drifted share", "metric drop", "training rows", "holdout rows"]


def names(signals: PolicySignals, state: PolicyState | None = None) -> list[str]:
    return [one.name for one in signals_of(signals, state, None)]


def test_what_was_not_measured_says_so_and_has_no_row_of_detail() -> None:
    rows = signals_of(make_signals(), None, None)

    assert [one.name for one in rows] == ALWAYS
    assert rows[0].sentence == "not measured: there was no champion yet"
    assert (rows[1].measured, rows[1].sentence) == (NOTHING, "not measured")


def test_signals_beside_drift_are_shown_with_their_sentences() -> None:
    column = ColumnDrift(
        column="(prediction)", kind="numeric", verdict="stable", sentence="calm", n_rows=9
    )
    drift = DriftMeasurement(
        columns=(),
        n_rows=9,
        drifted_share=0.0,
        sentence="",
        moved_share=0.25,
        faults=("x hardly varies",),
        prediction=column,
    )

    rows = signals_of(make_signals(drift), None, None)[:4]

    assert [one.name for one in rows] == [
        "drifted share",
        "data fault",
        "shifted share",
        "drift of the scores",
    ]
    assert rows[1].sentence == "x hardly varies"
    assert (rows[2].measured, rows[2].unit) == ("25\xa0%", "% of features")


def test_the_worst_slices_come_first_and_five_at_most() -> None:
    metric = MetricEstimate(name="auc", value=0.6, se=0.01, n_rows=100)
    slices = tuple(
        SliceMetric(
            feature="place",
            value=str(place),
            verdict="measured",
            estimate=metric,
            drop=place / 100,
            sentence="",
        )
        for place in range(7)
    )
    change = ErrorChange(detector="adwin", has_changed=True, n_rows=9, sentence="rose")
    decay = DecayMeasurement(
        verdict="stable", sentence="", slices=slices, detectors=(change,), estimated=metric
    )

    found = names(make_signals(decay=decay))

    start = found.index("metric before labels")
    assert found[start + 1] == "errors, adwin"
    assert found[start + 2 : -2] == [f"slice place = {place}" for place in (6, 5, 4, 3, 2)]


def test_rivals_and_memory_are_shown() -> None:
    batch = LabelledBatch(
        number=3, champion=None, rivals=(RivalGain(version="7", gain=0.01, se=0.002),)
    )
    state = PolicyState(credit=0.5, level=0.7, episode=Episode(since=2, before="7"))

    rows = signals_of(make_signals(labelled=(batch,)), state, None)[len(ALWAYS) :]

    assert [one.name for one in rows] == [
        "former champion v7",
        "training budget",
        "expected score",
        "recovery from a sudden drop",
    ]
    assert rows[0].measured == "+0.0100 ± 0.0020"
    assert rows[3].sentence == "under way; v7 was champion before the drop"


@pytest.mark.parametrize(("age", "unit"), [(0, "batches"), (1, "batch"), (2, "batches")])
def test_the_age_of_the_champion_is_counted_in_batches(age: int, unit: str) -> None:
    signals = make_signals().model_copy(update={"batches_since_champion": age})

    row = signals_of(signals, None, None)[-1]

    assert (row.name, row.measured, row.unit) == ("age of the champion", str(age), unit)
