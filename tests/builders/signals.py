"""Signals, states and rules of a policy; a quiet batch unless told otherwise."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.policy import PolicyRules, decide
from evergreen.records import MetricEstimate
from evergreen.signals import (
    LabelledBatch,
    ModelFacts,
    PolicyDecision,
    PolicySignals,
    PolicyState,
    RivalGain,
)
from evergreen.spec.deciding import Policy

FIRST = date(2013, 1, 1)  # the batch of number 0; batches come daily


def make_rules(
    name: str = "default",
    *,
    share_to_retrain: float = 0.5,
    min_training_rows: int = 5000,
    min_holdout_rows: int = 1000,
    **policy: Any,
) -> PolicyRules:
    """Return the rules of a model."""
    return PolicyRules(
        policy=Policy.model_validate({"name": name, **policy}),
        share_to_retrain=share_to_retrain,
        min_training_rows=min_training_rows,
        min_holdout_rows=min_holdout_rows,
    )


def make_drift(
    n_drifted: int = 0, n_features: int = 10, *, faults: tuple[str, ...] = ()
) -> DriftMeasurement:
    """Return a measurement in which the first features have drifted."""
    columns = tuple(
        ColumnDrift(
            column=f"x{i}",
            kind="numeric",
            verdict="drifted" if i < n_drifted else "stable",
            sentence="",
            n_rows=1000,
        )
        for i in range(n_features)
    )
    return DriftMeasurement(
        columns=columns,
        n_rows=1000,
        drifted_share=n_drifted / n_features,
        moved_share=n_drifted / n_features,
        sentence="",
        faults=faults,
    )


def make_decay(verdict: Any = "stable") -> DecayMeasurement:
    """Return a decay measurement of this verdict."""
    return DecayMeasurement(verdict=verdict, sentence=f"auc is {verdict}")


def make_estimate(value: float | None, *, se: float = 0.005, name: str = "auc") -> MetricEstimate:
    """Return a score."""
    return MetricEstimate(name=name, value=value, se=se, n_rows=1000)


def make_labelled(
    number: int,
    score: float | None = 0.8,
    *,
    se: float = 0.005,
    gains: Mapping[str, tuple[float, float]] | None = None,
    is_suspect: bool = False,
) -> LabelledBatch:
    """Return a labelled batch: the champion's score, and (gain, se) of each rival."""
    return LabelledBatch(
        number=number,
        batch=f"{FIRST + timedelta(days=number)}",
        champion=None if score is None else make_estimate(score, se=se),
        rivals=tuple(
            RivalGain(version=version, gain=gain, se=its_se)
            for version, (gain, its_se) in (gains or {}).items()
        ),
        is_suspect=is_suspect,
    )


def make_facts(version: str = "3", trained_through: int = 0, fraction: float = 1.0) -> ModelFacts:
    """Return what is known of a version."""
    return ModelFacts(version=version, trained_through=trained_through, fraction=fraction)


def make_signals(**changes: Any) -> PolicySignals:
    """Return the signals of a quiet batch with a champion v3 and rows enough."""
    quiet: dict[str, Any] = {
        "batch": "2013-01-08",
        "champion_version": "3",
        "drift": make_drift(),
        "decay": make_decay(),
        "n_training_rows": 5000,
        "n_holdout_rows": 1000,
    }
    return PolicySignals(**quiet | changes)


def make_labelled_signals(
    number: int, score: float | None = 0.8, *, trained_through: int = 0, **changes: Any
) -> PolicySignals:
    """Return the signals of a batch whose labels are there, of a champion trained before it."""
    given: dict[str, Any] = {
        "number": number,
        "champion": make_facts(trained_through=trained_through),
        "labelled": (make_labelled(number, score),),
    }
    return make_signals(**given | changes)


def play(
    signals: Sequence[PolicySignals], rules: PolicyRules, state: PolicyState | None = None
) -> tuple[list[PolicyDecision], PolicyState]:
    """Decide about batches one after another; give the decisions and the last state."""
    state, decisions = state or PolicyState(), []
    for one in signals:
        decision, state = decide(one, state, rules)
        decisions.append(decision)
    return decisions, state
