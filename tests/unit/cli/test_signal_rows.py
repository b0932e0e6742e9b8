from datetime import UTC, datetime

from evergreen.cli.signal_rows import more_signals
from evergreen.ledger.records import Decision
from evergreen.measurements import (
    ColumnDrift,
    DecayMeasurement,
    DriftMeasurement,
    ErrorChange,
    SliceMetric,
)
from evergreen.records import MetricEstimate
from evergreen.signals import Episode, LabelledBatch, PolicySignals, PolicyState, RivalGain

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_decision(signals: PolicySignals, state: PolicyState | None) -> Decision:
    return Decision(
        id="1",
        model="tiny",
        batch="2026-01-01",
        run_id="run",
        verdict="stand_down",
        trigger="none",
        sentence="stand down: quiet",
        signals=signals,
        spec_hash="0",
        requested_by="",
        reason="",
        champion_before="1",
        outcome="stood_down",
        outcome_sentence="",
        challenger_version=None,
        champion_after="1",
        evaluation=None,
        report_path=None,
        decided_at=NOW,
        closed_at=NOW,
        state_after=state,
    )


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


def names(decision: Decision) -> list[str]:
    return [row[0] for row in more_signals(decision)]


def test_what_was_not_measured_has_no_row() -> None:
    assert names(make_decision(make_signals(), None)) == []


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

    rows = list(more_signals(make_decision(make_signals(drift), None)))

    assert [row[0] for row in rows] == ["data fault", "moved share", "prediction drift"]
    assert rows[0][4] == "x hardly varies"
    assert rows[1][1] == "0.2500"


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

    found = names(make_decision(make_signals(decay=decay), None))

    assert found[:2] == ["before labels", "errors, adwin"]
    assert found[2:] == [f"place = {place}" for place in (6, 5, 4, 3, 2)]


def test_rivals_and_memory_are_shown() -> None:
    batch = LabelledBatch(
        number=3, champion=None, rivals=(RivalGain(version="7", gain=0.01, se=0.002),)
    )
    state = PolicyState(credit=0.5, level=0.7, episode=Episode(since=2, before="7"))

    rows = list(more_signals(make_decision(make_signals(labelled=(batch,)), state)))

    assert [row[0] for row in rows] == [
        "former champion v7",
        "credit left",
        "level",
        "episode of harm",
    ]
    assert rows[0][1] == "+0.0100 ± 0.0020"
