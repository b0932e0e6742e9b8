"""What a decision rests on, as pages show it: every kind of signal, in one decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

from evergreen.measurements import (
    Calibration,
    CalibrationShift,
    ColumnDrift,
    DecayMeasurement,
    DriftMeasurement,
    ErrorChange,
    MultivariateDrift,
    SliceMetric,
)
from evergreen.records import CandidateResult, Evaluation, GuardResult, MetricEstimate, Window
from evergreen.signals import LabelledBatch, PolicySignals, RivalGain

NOW = datetime(2013, 11, 21, 12, 0, tzinfo=UTC)
WEEK = Window(start=NOW - timedelta(days=14), end=NOW - timedelta(days=7))
SHA = "9f2c" * 16


def make_metric(value: float | None = 0.4123, **changes: Any) -> MetricEstimate:
    """Return a log loss with its error."""
    values: dict[str, Any] = {
        "name": "log_loss",
        "value": value,
        "se": None if value is None else 0.0031,
        "n_rows": 6400,
        "sentence": "log loss over 6,400 rows",
    }
    return MetricEstimate(**(values | changes))


def make_evaluation(**changes: Any) -> Evaluation:
    """Return an evaluation with guards and candidates of each verdict."""
    values: dict[str, Any] = {
        "challenger_version": "8",
        "champion_version": "7",
        "challenger": make_metric(0.4011),
        "champion": make_metric(0.4123),
        "gain": 0.0112,
        "gain_se": 0.0021,
        "gain_low": 0.0071,
        "gain_high": 0.0153,
        "method": "paired bootstrap over days",
        "guards": (
            make_guard("metric auc", "passed", 0.7612, 0.7402),
            make_guard("slice carrier=UA", "failed", 0.0312, 0.02),
            make_guard("calibration", "insufficient", None, None),
        ),
        "candidates": (
            CandidateResult(
                candidate="full", version="8", gain=0.0112, gain_se=0.0021, sentence="best of two"
            ),
            CandidateResult(
                candidate="recent", version=None, gain=0.0043, gain_se=0.0025, sentence="fewer rows"
            ),
        ),
        "n_rows": 6400,
        "holdout": WEEK,
        "evaluated_at": NOW - timedelta(hours=3),
        "sentence": "v8 has log loss 0.4011, v7 0.4123: gain 0.0112 (95 %: 0.0071 to 0.0153)",
    }
    return Evaluation(**(values | changes))


def make_guard(guard: str, verdict: Any, value: float | None, limit: float | None) -> GuardResult:
    """Return one guard."""
    return GuardResult(
        guard=guard,
        verdict=verdict,
        value=value,
        limit=limit,
        n_rows=812,
        sentence=f"{guard} {verdict}",
    )


def make_column(column: str = "dep_delay", verdict: Any = "drifted", **changes: Any) -> ColumnDrift:
    """Return the drift of one feature."""
    values: dict[str, Any] = {
        "column": column,
        "kind": "numeric",
        "verdict": verdict,
        "sentence": f"{column}: PSI 0.4100 is over 0.2500, the values moved up",
        "n_rows": 6400,
        "psi": 0.41,
        "psi_limit": 0.25,
        "ks": 0.19,
        "ks_limit": 0.15,
        "null_share": 0.021,
        "null_limit": 0.1,
        "reference_null_share": 0.018,
        "unseen_share": 0.0,
        "out_of_range_share": 0.001,
        "importance": 0.31,
    }
    return ColumnDrift(**(values | changes))


def make_columns() -> tuple[ColumnDrift, ...]:
    """Return features of every verdict."""
    return (
        make_column(),
        make_column("carrier", "stable", kind="categorical", psi=0.04, ks=None, ks_limit=None),
        make_column("humid", "insufficient_data", psi=None, ks=None, n_rows=12),
        make_column("tailnum", "not_computable", psi=None, psi_limit=None, ks=None, ks_limit=None),
    )


def make_signals(**changes: Any) -> PolicySignals:
    """Return what a decision rests on, every kind of signal in it."""
    values: dict[str, Any] = {
        "batch": "2013-11-14",
        "number": 45,
        "champion_version": "7",
        "labelled": (
            LabelledBatch(
                number=44,
                champion=make_metric(),
                rivals=(RivalGain(version="3", gain=-0.0123, se=0.0034),),
            ),
        ),
        "drift": DriftMeasurement(
            columns=make_columns(),
            n_rows=6400,
            drifted_share=0.2778,
            sentence="5 of 18 features drifted: dep_delay, humid",
            moved_share=0.5,
            faults=("column wind_gust is all null",),
            prediction=make_column("prediction", "stable"),
            multivariate=MultivariateDrift(
                verdict="drifted",
                auc=0.71,
                se=0.01,
                limit=0.6,
                sentence="dep_delay tells them apart",
            ),
        ),
        "decay": make_decay(),
        "n_training_rows": 51234,
        "n_holdout_rows": 6400,
        "batches_since_champion": 7,
    }
    return PolicySignals(**(values | changes))


def make_decay(**changes: Any) -> DecayMeasurement:
    """Return a decay measurement with everything that may stand in it."""
    calibration = Calibration(n_rows=6400, ece=0.02, ece_noise=0.01, sentence="well calibrated")
    values: dict[str, Any] = {
        "verdict": "decayed",
        "sentence": "log loss rose by 0.0123, limit 0.0080",
        "reference": make_metric(0.4),
        "current": make_metric(0.4123),
        "drop": 0.0123,
        "limit": 0.008,
        "coverage": 0.97,
        "batches": ("2013-11-07",),
        "lag_batches": 1,
        "slices": (
            SliceMetric(
                feature="carrier",
                value="UA",
                verdict="measured",
                estimate=make_metric(0.47),
                drop=0.05,
                drop_se=0.01,
                sentence="carrier UA lost most",
            ),
        ),
        "detectors": (
            ErrorChange(
                detector="adwin", has_changed=True, at_row=99, n_rows=6400, sentence="worse"
            ),
        ),
        "calibration": CalibrationShift(
            verdict="stable", current=calibration, sentence="as it was"
        ),
        "label": make_column("delayed", "stable"),
        "estimated": make_metric(0.42, se=None, sentence="estimated without labels"),
    }
    return DecayMeasurement(**(values | changes))
