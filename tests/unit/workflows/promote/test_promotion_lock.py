"""The right to promote: taken by each try, lost to a newer one, ended by Airflow or by age."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drivers.history import accept, begin, enthrone, run_about
from drivers.tiny import Upstream
from evergreen.errors import NothingToDo, PromotionError, StaleTokenError
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_lock import (
    begin_retrain,
    check_age,
    check_not_ended,
    claim_lane,
    last_look,
)
from evergreen.workflows.run_state import RunInfo

INFO = RunInfo(dag_id="continual_training__tiny", run_id="run", task_id="promote")


@pytest.fixture
def about(context: ModelContext, upstream: Upstream) -> DecisionRun:
    return run_about(context, begin(context, upstream))


def is_good(context: ModelContext, token: int | None) -> bool:
    """Return whether a promotion can still be written with a token."""
    try:
        context.ledger.promotions.write_intent(
            context.spec.name,
            epoch=99,
            version="9",
            previous_version=None,
            sha256="a" * 64,
            kind="promotion",
            decision_id="probe",
            reason="probe",
            token=token,
        )
    except StaleTokenError:
        return False
    return True


def test_a_later_try_of_the_same_run_takes_the_lane(
    context: ModelContext, about: DecisionRun
) -> None:
    stalled = claim_lane(context, about)
    again = claim_lane(context, about)

    assert not is_good(context, stalled)
    assert is_good(context, again)


@pytest.mark.parametrize(
    ("request_of", "is_fenced"),
    [
        pytest.param({}, True, id="retrain"),
        pytest.param({"dry_run": True}, False, id="dry run"),
    ],
)
def test_a_retrain_that_begins_takes_the_lane_and_a_dry_run_does_not(
    context: ModelContext, about: DecisionRun, request_of: dict[str, Any], is_fenced: bool
) -> None:
    token = claim_lane(context, about)

    begin_retrain(context, run_about(context, about.batch, "another run", **request_of))

    assert is_good(context, token) is not is_fenced


def test_a_run_about_the_past_leaves_the_lane_to_the_newer_one(
    context: ModelContext, upstream: Upstream, about: DecisionRun
) -> None:
    newer = run_about(context, accept(context, upstream, 6))
    token = claim_lane(context, newer)

    begin_retrain(context, about)
    with pytest.raises(NothingToDo, match="batch 2024-02-12 was accepted meanwhile"):
        claim_lane(context, about)

    assert is_good(context, token)


def test_a_batch_that_lands_while_the_lane_is_taken_stops_the_promotion(
    context: ModelContext,
    upstream: Upstream,
    about: DecisionRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = context.ledger.promotions.take_lane

    def take_late(model: str, decision: str) -> int:
        accept(context, upstream, 6)
        return really(model, decision)

    monkeypatch.setattr(context.ledger.promotions, "take_lane", take_late)

    with pytest.raises(NothingToDo, match="accepted meanwhile"):
        claim_lane(context, about)


def test_what_was_begun_needs_no_lane(
    context: ModelContext, upstream: Upstream, about: DecisionRun
) -> None:
    enthrone(context, "1", decision=about.decision_id)
    newer = claim_lane(context, run_about(context, accept(context, upstream, 6)))

    begin_retrain(context, about)

    assert claim_lane(context, about) is None
    assert is_good(context, newer)


def test_a_batch_that_lands_until_the_last_look_stops_the_promotion(
    context: ModelContext, upstream: Upstream, about: DecisionRun
) -> None:
    last_look(context, about, INFO, lambda: "running")
    accept(context, upstream, 6)

    with pytest.raises(NothingToDo, match="accepted meanwhile"):
        last_look(context, about, INFO, lambda: "running")


@pytest.mark.parametrize("state", [None, "running"])
def test_a_task_that_airflow_has_not_ended_goes_on(state: str | None) -> None:
    check_not_ended(INFO, state)


@pytest.mark.parametrize("state", ["failed", "skipped", "up_for_retry", "success", "queued"])
def test_a_task_that_airflow_has_ended_promotes_nothing(state: str) -> None:
    with pytest.raises(StaleTokenError, match=f"is {state} in Airflow while its process lives on"):
        check_not_ended(INFO, state)


@pytest.mark.parametrize(
    ("hours", "is_refused"), [(71.9, False), (72.1, True)], ids=["young enough", "too old"]
)
def test_an_old_evaluation_is_not_acted_upon(
    context: ModelContext, about: DecisionRun, hours: float, is_refused: bool
) -> None:
    evaluated_at = datetime.now(UTC) - timedelta(hours=hours)

    if is_refused:
        with pytest.raises(PromotionError, match="is 72 h old, at most 72 h are allowed"):
            check_age(context.spec, context.ledger, about, evaluated_at)
    else:
        check_age(context.spec, context.ledger, about, evaluated_at)


def test_an_evaluation_of_unknown_age_is_not_acted_upon(
    context: ModelContext, about: DecisionRun
) -> None:
    with pytest.raises(PromotionError, match="does not say when it was made"):
        check_age(context.spec, context.ledger, about, None)


def test_a_promotion_that_was_begun_is_finished_however_old(
    context: ModelContext, about: DecisionRun
) -> None:
    enthrone(context, "1", decision=about.decision_id)

    check_age(context.spec, context.ledger, about, datetime(2001, 1, 1, tzinfo=UTC))
