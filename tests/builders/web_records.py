"""Records of the ledger as pages get them, without a ledger."""

from datetime import timedelta
from typing import Any

from builders.web_signals import NOW, SHA, WEEK, make_evaluation, make_signals
from evergreen.ledger.records import (
    Action,
    Approval,
    Decision,
    Delivery,
    Incident,
    OutboxEntry,
    VersionEntry,
)
from evergreen.records import (
    Alert,
    Promotion,
    PromotionVerdict,
    QualityResult,
    RuleResult,
    TrainedModel,
    Window,
)
from evergreen.signals import PolicyState


def make_version(version: str = "7", **changes: Any) -> VersionEntry:
    """Return a version of the model."""
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


def make_decision(**changes: Any) -> Decision:
    """Return a decision that was promoted."""
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
    """Return a move of the champion."""
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
        "promoted_at": NOW - timedelta(days=49, hours=-1),
    }
    return Promotion(**(values | changes))


def make_incident(**changes: Any) -> Incident:
    """Return an open incident that needs a person."""
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
    """Return one that somebody looked at and that is over."""
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
    """Return a question that nobody has answered."""
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
    """Return something that a person did from a page."""
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
    """Return a batch that passed the gate but for one rule that is broken."""
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


def make_message(**changes: Any) -> OutboxEntry:
    """Return a message that could not be delivered yet."""
    alert = Alert(
        model="flights",
        kind="data_rejected",
        message_key="data_rejected flights 2013-11-14",
        thread="flights 2013-11-14",
        title="Batch 2013-11-14 was rejected",
        text="2 of 41 rules were not met.",
        must_act=True,
        numbers=(("null share", "80 % (limit 20 %)"),),
        commands=("evergreen decisions flights",),
    )
    values: dict[str, Any] = {
        "alert": alert,
        "state": "pending",
        "attempts": 3,
        "last_error": "HTTP 500",
        "message_ts": None,
        "raised_at": NOW - timedelta(hours=5),
        "delivered_at": None,
        "incident_id": 17,
        "role": "opening",
    }
    return OutboxEntry(**(values | changes))
