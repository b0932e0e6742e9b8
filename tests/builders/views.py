"""Views as the pages get them, without a ledger: a model with a year of weeks behind it."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from evergreen.ledger.entries import (
    Action,
    Approval,
    Decision,
    Delivery,
    Incident,
    VersionEntry,
)
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
from evergreen.records import (
    CandidateResult,
    Evaluation,
    GuardResult,
    MetricEstimate,
    Promotion,
    PromotionVerdict,
    QualityResult,
    RuleResult,
    TrainedModel,
    Window,
)
from evergreen.signals import LabelledBatch, PolicySignals, PolicyState, RivalGain
from evergreen.web.views import DecisionDetail, ModelDetail, ModelsPage, ModelSummary, Point

NOW = datetime(2013, 11, 21, 12, 0, tzinfo=UTC)
WEEK = Window(start=NOW - timedelta(days=14), end=NOW - timedelta(days=7))
SHA = "9f2c" * 16


def make_point(i: int = 0, **changes: Any) -> Point:
    """Give the figures of week ``i``."""
    metric = 0.412 + 0.02 * math.sin(i / 3) + 0.002 * (i % 5)
    values: dict[str, Any] = {
        "decision": f"{i:016x}",
        "batch": f"{(NOW - timedelta(days=7 * (40 - i))).date()}",
        "decided_at": NOW - timedelta(days=7 * (40 - i)),
        "verdict": "stand_down",
        "outcome": "stood_down",
        "metric_name": "log_loss",
        "metric": metric,
        "metric_low": metric - 0.006,
        "metric_high": metric + 0.006,
        "reference_metric": 0.415,
        "coverage": 0.97,
        "drifted_share": 0.1 + 0.08 * (i % 4),
        "moved_share": 0.2,
        "n_rows": 6500 + 13 * i,
        "is_harmless": False,
    }
    return Point(**(values | changes))


def make_points(n: int = 40) -> tuple[Point, ...]:
    """Give a history with every outcome, and weeks in which nothing could be measured."""
    special = {
        0: {"outcome": "bootstrapped", "metric": None, "metric_low": None, "metric_high": None},
        9: {"outcome": "kept"},
        15: {"outcome": "promoted", "drifted_share": 0.62},
        21: {"outcome": "failed", "metric": None, "metric_low": None, "metric_high": None},
        27: {"outcome": "held"},
        33: {"outcome": "promoted", "coverage": 0.61},
        n - 1: {"outcome": "open", "drifted_share": 0.43},
    }
    points = []
    for i in range(n):
        changed: dict[str, Any] = dict(special.get(i, {}))
        if i == 0:
            changed |= {"reference_metric": None, "drifted_share": None, "coverage": None}
        points.append(make_point(i, **changed))
    return tuple(points)


def make_summary(**changes: Any) -> ModelSummary:
    """Give a model as the list shows it."""
    points = make_points()
    values: dict[str, Any] = {
        "name": "flights",
        "state": "drifting_harmless",
        "state_sentence": "5 of 18 features drifted and the log loss did not suffer",
        "attention": 20,
        "owner": "operations research",
        "champion_version": "7",
        "champion_since": NOW - timedelta(days=49),
        "last": points[-1],
        "last_sentence": "Stood down: drifted share 0.2778 is below 0.3, log loss drop 0.0021"
        " is below 0.0080.",
        "next_batch_at": NOW + timedelta(days=3, hours=4),
        "open_incidents": 1,
        "points": points[-20:],
    }
    return ModelSummary(**(values | changes))


def make_models_page(*models: ModelSummary, **changes: Any) -> ModelsPage:
    """Give a page of the list."""
    counts: dict[str, int] = {}
    for model in models:
        counts[model.state] = counts.get(model.state, 0) + 1
    values: dict[str, Any] = {
        "models": models,
        "n_models": len(models),
        "page": 1,
        "n_pages": 1,
        "page_size": 50,
        "query": "",
        "state": "",
        "counts": counts,
    }
    return ModelsPage(**(values | changes))


def make_metric(value: float | None = 0.4123, **changes: Any) -> MetricEstimate:
    """Give a log loss with its error."""
    values: dict[str, Any] = {
        "name": "log_loss",
        "value": value,
        "se": None if value is None else 0.0031,
        "n_rows": 6400,
        "sentence": "log loss over 6,400 rows",
    }
    return MetricEstimate(**(values | changes))


def make_evaluation(**changes: Any) -> Evaluation:
    """Give an evaluation with guards and candidates of each verdict."""
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
    """Give one guard."""
    return GuardResult(
        guard=guard,
        verdict=verdict,
        value=value,
        limit=limit,
        n_rows=812,
        sentence=f"{guard} {verdict}",
    )


def make_version(version: str = "7", **changes: Any) -> VersionEntry:
    """Give a version of the model."""
    trained = TrainedModel(
        path=f"models/flights/{version}/model.lgb",
        sha256=SHA,
        n_rows=51234,
        n_rounds=100,
        seconds=4.21,
        device="cpu",
        device_reason="no GPU",
        seed=42,
        window=Window.ending(NOW - timedelta(days=7), days=56),
    )
    values: dict[str, Any] = {
        "model": "flights",
        "version": version,
        "idempotency_key": "key",
        "sha256": SHA,
        "folder": f"models/flights/{version}",
        "trained": trained,
        "evaluation": make_evaluation(),
        "registered_at": NOW - timedelta(days=2),
    }
    return VersionEntry(**(values | changes))


def make_column(column: str = "dep_delay", verdict: Any = "drifted", **changes: Any) -> ColumnDrift:
    """Give the drift of one feature."""
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
    """Give features of every verdict."""
    return (
        make_column(),
        make_column("carrier", "stable", kind="categorical", psi=0.04, ks=None, ks_limit=None),
        make_column("humid", "insufficient_data", psi=None, ks=None, n_rows=12),
        make_column("tailnum", "not_computable", psi=None, psi_limit=None, ks=None, ks_limit=None),
    )


def make_signals(**changes: Any) -> PolicySignals:
    """Give what a decision rests on, every kind of signal in it."""
    values: dict[str, Any] = {
        "batch": "2013-11-14",
        "position": 45,
        "champion_version": "7",
        "labelled": (
            LabelledBatch(
                position=44,
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
    """Give a decay measurement with everything that may stand in it."""
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


def make_decision(**changes: Any) -> Decision:
    """Give a decision that was promoted."""
    values: dict[str, Any] = {
        "id": "5f2b6c0e9d1a4b37",
        "model": "flights",
        "batch": "2013-11-14",
        "run_id": "asset_triggered__2013-11-21T08:00:00+00:00",
        "verdict": "retrain",
        "trigger": "decay",
        "sentence": "Retrain: log loss rose by 0.0123, which is over 0.0080.",
        "signals": make_signals(),
        "spec_hash": "ab12" * 16,
        "requested_by": "ada",
        "reason": "carrier codes changed",
        "champion_before": "7",
        "outcome": "promoted",
        "outcome_sentence": "v8 replaced v7: gain 0.0112 ± 0.0021.",
        "challenger_version": "8",
        "champion_after": "8",
        "evaluation": make_evaluation(),
        "report_path": "reports/flights/2013-11-14.html",
        "decided_at": NOW - timedelta(hours=4),
        "closed_at": NOW - timedelta(hours=3),
        "state_after": PolicyState(credit=1.4, level=0.41),
        "promotion_verdict": PromotionVerdict(
            verdict="promote",
            cause="better",
            sentence="The gain is positive with probability 0.998.",
            probability=0.998,
            e_value=21.3,
        ),
    }
    return Decision(**(values | changes))


def make_promotion(**changes: Any) -> Promotion:
    """Give a move of the champion."""
    values: dict[str, Any] = {
        "model": "flights",
        "epoch": 4,
        "version": "7",
        "previous_version": "6",
        "sha256": SHA,
        "kind": "promotion",
        "state": "committed",
        "decision_id": f"{33:016x}",
        "reason": "gain 0.0112 with probability 0.998",
        "promoted_at": make_point(33).decided_at + timedelta(hours=1),
    }
    return Promotion(**(values | changes))


def make_incident(**changes: Any) -> Incident:
    """Give an open incident that needs a person."""
    values: dict[str, Any] = {
        "id": 17,
        "model": "flights",
        "topic": "data",
        "subject": "",
        "kind": "data_rejected",
        "severity": "critical",
        "title": "Batch 2013-11-14 was rejected",
        "sentence": "2 of 41 rules were not met; the batch is in quarantine.",
        "must_act": True,
        "opened_at": NOW - timedelta(hours=5),
        "updated_at": NOW - timedelta(hours=1),
        "closed_at": None,
        "resolution": "",
        "n_events": 3,
        "n_calm": 0,
        "channel": "#models",
        "message_ts": None,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "acknowledge_reason": None,
        "snoozed_until": None,
        "snoozed_by": None,
        "snooze_reason": None,
    }
    return Incident(**(values | changes))


def make_closed_incident(**changes: Any) -> Incident:
    """Give one that somebody looked at and that is over."""
    values: dict[str, Any] = {
        "id": 12,
        "kind": "drift",
        "severity": "warning",
        "title": "Decay of flights",
        "closed_at": NOW - timedelta(days=30),
        "resolution": "resolved by promotion of v7",
        "acknowledged_by": "ada",
        "acknowledged_at": NOW - timedelta(days=31),
        "acknowledge_reason": "watching it",
        "snoozed_until": NOW - timedelta(days=29),
        "snoozed_by": "ada",
        "snooze_reason": "known",
    }
    return make_incident(**(values | changes))


def make_approval(**changes: Any) -> Approval:
    """Give a question that nobody has answered."""
    values: dict[str, Any] = {
        "decision_id": "5f2b6c0e9d1a4b37",
        "model": "flights",
        "version": "8",
        "asked_at": NOW - timedelta(hours=2),
        "due_at": NOW + timedelta(hours=22),
        "answer": "open",
        "answered_by": "",
        "comment": "",
        "answered_at": None,
        "reminded_at": None,
    }
    return Approval(**(values | changes))


def make_action(**changes: Any) -> Action:
    """Give something that a person did from a page."""
    values: dict[str, Any] = {
        "model": "flights",
        "action": "force_retrain",
        "done_by": "ada",
        "reason": "carrier codes changed",
        "detail": {"run_id": "manual__1"},
        "outcome": "started run manual__1",
        "done_at": NOW - timedelta(days=1),
    }
    return Action(**(values | changes))


def make_delivery(**changes: Any) -> Delivery:
    """Give a batch that passed the gate but for one rule that is broken."""
    values: dict[str, Any] = {
        "model": "flights",
        "kind": "data",
        "batch": "2013-11-14",
        "status": "accepted",
        "sentence": "41 rules met",
        "window": WEEK,
        "n_rows": 6400,
        "path": "snapshots/flights/2013-11-14.parquet",
        "sha256": SHA,
        "quality": QualityResult(
            verdict="accepted",
            rules=(
                RuleResult(rule="row count", is_met=True, sentence="6,400 rows, at least 100"),
                RuleResult(
                    rule="null share", column="wind_gust", is_met=False, sentence="0.8 is over 0.2"
                ),
            ),
            sentence="1 of 2 rules met",
        ),
        "taken_at": NOW - timedelta(hours=5),
    }
    return Delivery(**(values | changes))


def make_model_detail(**changes: Any) -> ModelDetail:
    """Give a model in full."""
    values: dict[str, Any] = {
        "summary": make_summary(),
        "points": make_points(),
        "promotions": (
            make_promotion(),
            make_promotion(
                epoch=3,
                version="5",
                kind="rollback",
                requested_by="ada",
                decision_id="",
                promoted_at=make_point(22).decided_at,
            ),
            make_promotion(
                epoch=2,
                version="6",
                decision_id=f"{15:016x}",
                promoted_at=make_point(15).decided_at,
            ),
        ),
        "decisions": (make_decision(), make_decision(id="2", outcome="kept", batch="2013-11-07")),
        "champion": make_version(),
        "challenger": make_version("8"),
        "drift": make_columns(),
        "drift_batch": "2013-11-14",
        "incidents": (make_incident(), make_closed_incident()),
        "approvals": (make_approval(),),
        "actions": (make_action(),),
        "hold": "",
        "spec": "name: flights\nowner: operations research\n",
    }
    return ModelDetail(**(values | changes))


def make_decision_detail(**changes: Any) -> DecisionDetail:
    """Give a decision in full."""
    values: dict[str, Any] = {
        "decision": make_decision(),
        "delivery": make_delivery(),
        "approval": make_approval(
            answer="approved",
            answered_by="grace",
            comment="looks right",
            answered_at=NOW - timedelta(hours=3),
        ),
        "promotion": make_promotion(decision_id="5f2b6c0e9d1a4b37", version="8"),
        "incidents": (make_closed_incident(),),
        "drift": make_columns(),
        "dag_id": "continual_training__flights",
        "run_link": "/dags/continual_training__flights/runs/asset_triggered__2013-11-21",
        "mlflow_link": "http://127.0.0.1:5000/#/models/flights/versions/8",
        "report_link": "/evergreen/reports/5f2b6c0e9d1a4b37",
        "docs_link": "/evergreen/data-docs/5f2b6c0e9d1a4b37",
    }
    return DecisionDetail(**(values | changes))
