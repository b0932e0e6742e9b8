"""A model, and rows of its ledger, as tests of the command need them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.records import (
    Alert,
    Evaluation,
    MetricEstimate,
    Promotion,
    QualityResult,
    RuleResult,
    Snapshot,
    Window,
)
from evergreen.signals import PolicyDecision, PolicySignals, Request

SPEC = """\
name: flights
owner: ops
schedule: "@weekly"
landing: {uri: "file://{home}/landing/flights"}
labels: {uri: "file://{home}/labels/flights"}
data:
  key: flight_id
  time_column: scheduled_departure
  target: late
  features:
    - {name: distance, kind: numeric}
    - {name: temp, kind: numeric}
    - {name: carrier, kind: categorical}
"""
SHA = "a" * 64


@dataclass
class Outcome:
    """How a call of the command ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


def week_of(batch: str) -> Window:
    start = datetime.fromisoformat(batch).replace(tzinfo=UTC)
    return Window(start=start, end=start + timedelta(days=7))


def add_delivery(ledger: Ledger, batch: str, *, broken_rule: str | None = None) -> None:
    """Record a week of data that the gate has judged."""
    ledger.batches.record_snapshot(
        Snapshot(
            model="flights",
            batch=batch,
            kind="data",
            path=f"snapshots/{batch}",
            sha256=SHA,
            n_rows=6000,
            window=week_of(batch),
        )
    )
    rules = (
        RuleResult(rule="row_count", is_met=True, sentence="6000 rows, at least 100"),
        RuleResult(
            rule="null_share",
            column="temp",
            is_met=broken_rule is None,
            sentence=broken_rule or "no nulls",
        ),
    )
    result = QualityResult(
        verdict="accepted" if broken_rule is None else "rejected",
        rules=rules,
        sentence=broken_rule or "all 2 rules met",
    )
    ledger.batches.record_quality("flights", "data", batch, result)


def make_drift(psi: float = 0.41) -> DriftMeasurement:
    over = psi > 0.25
    columns = (
        ColumnDrift(
            column="temp",
            kind="numeric",
            verdict="drifted" if over else "stable",
            sentence=f"PSI {psi} over 0.25" if over else "PSI under its limit",
            n_rows=6000,
            psi=psi,
            psi_limit=0.25,
            ks=0.31,
            ks_limit=0.15,
            null_share=0.01,
            reference_null_share=0.0,
        ),
        ColumnDrift(
            column="carrier",
            kind="categorical",
            verdict="stable",
            sentence="PSI 0.02 under 0.25",
            n_rows=6000,
            psi=0.02,
            psi_limit=0.25,
        ),
        ColumnDrift(
            column="distance",
            kind="numeric",
            verdict="insufficient_data",
            sentence="12 rows, needs 500",
            n_rows=12,
        ),
    )
    share = 0.5 if over else 0.0
    return DriftMeasurement(
        columns=columns, n_rows=6000, drifted_share=share, sentence=f"{share:.0%} drifted"
    )


def make_metric(value: float) -> MetricEstimate:
    return MetricEstimate(name="auc", value=value, se=0.008, n_rows=5900)


def add_decision(
    ledger: Ledger,
    batch: str,
    *,
    verdict: str = "retrain",
    trigger: str = "drift",
    run_id: str = "asset__1",
    request: Request | None = None,
    psi: float = 0.41,
    model: str = "flights",
) -> Decision:
    """Record an open decision of the policy, with a champion v1 before it."""
    decay = DecayMeasurement(
        verdict="decayed",
        sentence="AUC fell by 0.031, more than 0.02",
        reference=make_metric(0.70),
        current=make_metric(0.669),
        drop=0.031,
        limit=0.02,
        coverage=0.98,
        batches=("2013-02-19", "2013-02-26"),
    )
    return ledger.decisions.open(
        model,
        batch,
        run_id,
        decision=PolicyDecision.model_validate(
            {"verdict": verdict, "trigger": trigger, "sentence": "1 of 2 features drifted."}
        ),
        signals=PolicySignals(
            batch=batch,
            champion_version="1",
            drift=make_drift(psi),
            decay=decay,
            n_training_rows=48000,
            n_holdout_rows=6000,
            batches_since_champion=3,
            request=request or Request(),
        ),
        spec_hash="b" * 64,
    )


def close_as_promoted(ledger: Ledger, decision: Decision) -> Promotion:
    """Record that the challenger v2 won, and its promotion."""
    ledger.decisions.close(
        decision.id,
        outcome="promoted",
        sentence="v2 beats v1 by 0.02.",
        challenger_version="2",
        champion_after="2",
        evaluation=Evaluation(
            challenger_version="2",
            champion_version="1",
            challenger=make_metric(0.72),
            champion=make_metric(0.70),
            gain=0.02,
            gain_se=0.005,
            n_rows=6000,
            holdout=week_of("2013-02-26"),
            sentence="gain +0.0200, probability 1.00",
        ),
        report_path="reports/flights/2013-03-05/drift.html",
    )
    latest = ledger.promotions.latest("flights")
    promotion = ledger.promotions.write_intent(
        "flights",
        epoch=1 if latest is None else latest.epoch + 1,
        version="2",
        previous_version="1",
        sha256=SHA,
        kind="promotion",
        decision_id=decision.id,
        reason="beats v1",
    )
    ledger.promotions.commit("flights", promotion.epoch)
    return promotion


def make_alert(message_key: str, *, model: str = "flights", title: str = "Drift") -> Alert:
    return Alert(
        model=model,
        kind="drift",
        message_key=message_key,
        thread="t",
        title=title,
        text="temp drifted",
        must_act=False,
    )
