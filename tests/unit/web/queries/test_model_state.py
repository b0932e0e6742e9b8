"""Each state, what it gives way to, and that there is always one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.ledger.queries.rows import (
    DecisionFigures,
    LatestDecision,
    LatestDelivery,
    OpenDecision,
    Waiting,
)
from evergreen.ledger.records import Approval, Hold, Incident
from evergreen.records import Promotion
from evergreen.spec.model import ModelSpec
from evergreen.web.queries.model_state import CHECKS, ORDER, Facts, state_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPEC = ModelSpec.model_validate(
    {
        "name": "flights",
        "owner": "ops",
        "schedule": "@weekly",
        "landing": {"uri": "file:///landing"},
        "labels": {"uri": "file:///labels"},
        "arrivals": {"wait_hours": 48, "decide_within_hours": 6},
        "data": {
            "key": "id",
            "time_column": "at",
            "target": "late",
            "features": [{"name": "temp", "kind": "numeric"}],
        },
    }
)
FROZEN = SPEC.model_copy(
    update={
        "promotion": SPEC.promotion.model_validate(
            {"freeze": [{"start": NOW - DAY, "end": NOW + DAY, "reason": "quarter end"}]}
        )
    }
)


def make_latest(*, decided_at: datetime = NOW - DAY, **changes: Any) -> LatestDecision:
    said = {key: changes.pop(key) for key in ("sentence", "outcome_sentence") if key in changes}
    values: dict[str, Any] = {
        "id": "0" * 16,
        "model": "flights",
        "batch": "2026-02-23",
        "decided_at": decided_at,
        "verdict": "stand_down",
        "outcome": "stood_down",
        "n_rows": 6000,
        "drift_verdict": "stable",
        "drifted_share": 0.0,
        "moved_share": 0.1,
        "decay_verdict": "stable",
        "metric_name": "auc",
        "metric": 0.7,
        "metric_se": 0.01,
        "reference_metric": 0.7,
        "coverage": 0.98,
        "is_harmless": False,
    }
    texts = {"sentence": "stand down: all is well", "outcome_sentence": "", **said}
    return LatestDecision(DecisionFigures(**values | changes), **texts)


def make_champion(*, promoted_at: datetime = NOW - 30 * DAY) -> Promotion:
    return Promotion(
        model="flights",
        epoch=1,
        version="1",
        previous_version=None,
        sha256="a" * 64,
        kind="bootstrap",
        state="committed",
        decision_id="1" * 16,
        reason="first",
        promoted_at=promoted_at,
    )


def make_delivery(status: str = "accepted") -> LatestDelivery:
    return LatestDelivery(
        "flights", "2026-03-02", status, "3 % of temp is null, at most 2 %", NOW, NOW - HOUR
    )


def make_running(*, verdict: str = "retrain", age: timedelta = HOUR) -> OpenDecision:
    return OpenDecision("2" * 16, "flights", "2026-03-02", verdict, "auc fell by 0.03", NOW - age)


def make_approval() -> Approval:
    return Approval(
        decision_id="2" * 16,
        model="flights",
        version="7",
        asked_at=NOW - HOUR,
        due_at=NOW + DAY,
        answer="open",
        answered_by="",
        comment="",
        answered_at=None,
        reminded_at=None,
    )


def make_hold() -> Hold:
    return Hold(
        model="*",
        reason="storm",
        held_by="bob",
        held_at=NOW - DAY,
        released_by=None,
        release_reason=None,
        released_at=None,
    )


def make_incident(kind: Any = "alias_mismatch", **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "id": 1,
        "model": "flights",
        "topic": kind,
        "subject": "",
        "kind": kind,
        "severity": "critical",
        "title": f"flights: {kind}",
        "sentence": f"{kind} since yesterday",
        "must_act": True,
        "opened_at": NOW - DAY,
        "updated_at": NOW - DAY,
        "closed_at": None,
        "resolution": "",
        "n_events": 1,
        "n_calm": 0,
        "channel": "",
        "message_ts": None,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "acknowledge_reason": None,
        "snoozed_until": None,
        "snoozed_by": None,
        "snooze_reason": None,
    }
    return Incident.model_validate(values | changes)


QUIET = Facts(
    now=NOW,
    spec=SPEC,
    latest=make_latest(),
    champion=make_champion(),
    delivery=make_delivery(),
    next_batch_at=NOW + DAY,
)
CAUSES: dict[str, dict[str, Any]] = {
    "unreadable": {"spec": None, "problem": "model.yaml: line 3: owner is missing\nand more"},
    "no_data": {"next_batch_at": NOW - 3 * DAY},
    "late": {"waiting": Waiting("flights", 2, "2026-03-02", NOW - 7 * HOUR)},
    "failed": {"latest": make_latest(outcome="failed", outcome_sentence="train was killed")},
    "waiting_for_approval": {"approvals": (make_approval(),)},
    "retraining": {"running": (make_running(),)},
    "decaying": {"latest": make_latest(decay_verdict="decayed", sentence="auc fell by 0.03")},
    "drifting": {
        "latest": make_latest(drift_verdict="drifted", drifted_share=0.54, sentence="auc holds")
    },
    "drifting_harmless": {
        "latest": make_latest(drift_verdict="drifted", is_harmless=True, sentence="harmless")
    },
    "frozen": {"holds": (make_hold(),)},
    "new": {"champion": None, "latest": None},
    "fresh": {},
}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        pytest.param("unreadable", "model.yaml: line 3: owner is missing", id="unreadable"),
        pytest.param(
            "no_data", "2026-02-27 12:00 UTC and has not arrived; the newest is", id="no data"
        ),
        pytest.param("late", "batch 2026-03-02 was accepted 7 h ago", id="late"),
        pytest.param("failed", "batch 2026-02-23 failed: train was killed", id="failed"),
        pytest.param("waiting_for_approval", "v7 is waiting for approval until", id="asked"),
        pytest.param("retraining", "auc fell by 0.03", id="retraining"),
        pytest.param("decaying", "auc fell by 0.03", id="decaying"),
        pytest.param("drifting", "54 % of the features drifted; auc holds", id="drifting"),
        pytest.param("drifting_harmless", "harmless", id="harmless"),
        pytest.param("frozen", "held by bob", id="held"),
        pytest.param("new", "batch 2026-03-02 is accepted", id="new"),
        pytest.param("fresh", "stand down: all is well", id="fresh"),
    ],
)
def test_each_state_is_told_with_why(state: str, sentence: str) -> None:
    found = state_of(replace(QUIET, **CAUSES[state]))

    assert found.state == state
    assert sentence in found.sentence
    assert "\n" not in found.sentence


# One drift is either harmless or not; new and fresh are what is left over.
@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in pairwise(ORDER[:-2]) if pair != ("drifting", "drifting_harmless")],
)
def test_of_two_states_the_more_urgent_one_is_told(first: str, second: str) -> None:
    causes = {**CAUSES[second], **CAUSES[first]}

    found = state_of(replace(QUIET, **causes))

    assert found.state == first
    assert found.attention > state_of(replace(QUIET, **CAUSES[second])).attention


def test_checks_come_in_the_order_of_the_states() -> None:
    assert tuple(state for state, _ in CHECKS) == ORDER


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({"next_batch_at": NOW - 2 * DAY}, "fresh", id="within the wait"),
        pytest.param({"next_batch_at": NOW - 2 * DAY - HOUR}, "no_data", id="past the wait"),
        pytest.param({"waiting": Waiting("f", 1, "b", NOW - 6 * HOUR)}, "fresh", id="within 6 h"),
        pytest.param(
            {"waiting": Waiting("f", 1, "b", NOW - 6 * HOUR - timedelta(seconds=1))},
            "late",
            id="just past 6 h",
        ),
        pytest.param({"running": (make_running(age=7 * HOUR),)}, "late", id="open for 7 h"),
        pytest.param(
            {"running": (make_running(age=7 * HOUR),), "approvals": (make_approval(),)},
            "waiting_for_approval",
            id="open for 7 h, because somebody is asked",
        ),
        pytest.param(
            {"running": (make_running(verdict="stand_down"),)}, "fresh", id="only being recorded"
        ),
        pytest.param(
            {**CAUSES["failed"], "waiting": Waiting("f", 1, "2026-02-23", NOW - DAY)},
            "failed",
            id="not decided about, because the run failed",
        ),
        pytest.param({"delivery": make_delivery("rejected")}, "failed", id="batch rejected"),
        pytest.param({"spec": FROZEN}, "frozen", id="freeze of the spec"),
        pytest.param({"incidents": (make_incident("no_data"),)}, "no_data", id="told: no data"),
        pytest.param({"incidents": (make_incident("late_decision"),)}, "late", id="told: late"),
        pytest.param({"incidents": (make_incident("failed"),)}, "failed", id="told: failed"),
        pytest.param({"latest": None}, "fresh", id="a champion and no decision"),
        pytest.param({"champion": None}, "new", id="decided, and no champion"),
    ],
)
def test_states_have_their_limits(changes: dict[str, Any], state: str) -> None:
    assert state_of(replace(QUIET, **changes)).state == state


@pytest.mark.parametrize("state", ["decaying", "drifting", "drifting_harmless"])
def test_what_was_measured_of_a_former_champion_counts_no_more(state: str) -> None:
    facts = replace(QUIET, **CAUSES[state], champion=make_champion(promoted_at=NOW - HOUR))

    found = state_of(facts)

    assert (found.state, found.sentence) == (
        "fresh",
        "v1 became champion and has not been measured yet",
    )


@pytest.mark.parametrize(
    ("changes", "is_lifted"),
    [
        pytest.param({}, True, id="somebody must act"),
        pytest.param({"must_act": False}, False, id="it heals by itself"),
        pytest.param({"acknowledged_at": NOW}, False, id="acknowledged"),
        pytest.param({"snoozed_until": NOW + HOUR}, False, id="snoozed"),
        pytest.param({"snoozed_until": NOW - HOUR}, True, id="no longer snoozed"),
    ],
)
def test_an_incident_that_wants_somebody_lifts_a_model(
    changes: dict[str, Any], is_lifted: bool
) -> None:
    failed = state_of(replace(QUIET, **CAUSES["failed"]))

    found = state_of(replace(QUIET, incidents=(make_incident(**changes),)))

    assert found.state == "fresh"
    assert found.attention == (failed.attention if is_lifted else 0)


def test_a_long_problem_is_cut() -> None:
    found = state_of(Facts(now=NOW, spec=None, problem="x" * 10_000))

    assert len(found.sentence) == 400


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.sampled_from(
                [QUIET.__dict__[key]] + [c[key] for c in CAUSES.values() if key in c]
            )
            for key in ("spec", "problem", "latest", "champion", "waiting", "running", "approvals")
        },
    )
)
def test_there_is_always_one_state_with_a_sentence(changes: dict[str, Any]) -> None:
    found = state_of(replace(QUIET, **changes))

    assert found.state in ORDER
    assert found.sentence
    assert found.attention >= 0
