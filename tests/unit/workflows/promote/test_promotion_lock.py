"""The right to promote: taken by each try, lost to a newer one, ended by Airflow or by age."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drivers.history import accept, asked_for, begin, enthrone
from drivers.runs import TrainingRun, training_run
from drivers.tiny import Upstream
from evergreen.errors import PromotionError, StaleTokenError
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_lock import (
    begin_retrain,
    check_age,
    check_not_ended,
    claim_lane,
    last_look,
)


@pytest.fixture
def asked(context: ModelContext, upstream: Upstream) -> dict[str, Any]:
    return asked_for(context, begin(context, upstream))


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
    context: ModelContext, asked: dict[str, Any]
) -> None:
    stalled = claim_lane(context, asked)
    again = claim_lane(context, asked)

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
    context: ModelContext, asked: dict[str, Any], request_of: dict[str, Any], is_fenced: bool
) -> None:
    token = claim_lane(context, asked)

    begin_retrain(context, asked_for(context, asked["batch"], "another run", **request_of))

    assert is_good(context, token) is not is_fenced


def test_a_run_about_the_past_leaves_the_lane_to_the_newer_one(
    context: ModelContext, upstream: Upstream, asked: dict[str, Any]
) -> None:
    newer = asked_for(context, accept(context, upstream, 6))
    token = claim_lane(context, newer)

    begin_retrain(context, asked)
    with pytest.raises(AirflowSkipException, match="batch 2024-02-12 was accepted meanwhile"):
        claim_lane(context, asked)

    assert is_good(context, token)


def test_a_batch_that_lands_while_the_lane_is_taken_stops_the_promotion(
    context: ModelContext,
    upstream: Upstream,
    asked: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = context.ledger.promotions.take_lane

    def take_late(model: str, decision: str) -> int:
        accept(context, upstream, 6)
        return really(model, decision)

    monkeypatch.setattr(context.ledger.promotions, "take_lane", take_late)

    with pytest.raises(AirflowSkipException, match="accepted meanwhile"):
        claim_lane(context, asked)


def test_what_was_begun_needs_no_lane(
    context: ModelContext, upstream: Upstream, asked: dict[str, Any]
) -> None:
    enthrone(context, "1", decision=asked["decision"])
    newer = claim_lane(context, asked_for(context, accept(context, upstream, 6)))

    begin_retrain(context, asked)

    assert claim_lane(context, asked) is None
    assert is_good(context, newer)


def test_a_batch_that_lands_until_the_last_look_stops_the_promotion(
    context: ModelContext, upstream: Upstream, asked: dict[str, Any]
) -> None:
    last_look(context, asked, context_of("running"))
    accept(context, upstream, 6)

    with pytest.raises(AirflowSkipException, match="accepted meanwhile"):
        last_look(context, asked, context_of("running"))


@pytest.mark.parametrize("state", [None, "running"])
def test_a_task_that_airflow_has_not_ended_goes_on(state: str | None) -> None:
    check_not_ended(context_of(state))


@pytest.mark.parametrize("state", ["failed", "skipped", "up_for_retry", "success", "queued"])
def test_a_task_that_airflow_has_ended_promotes_nothing(state: str) -> None:
    with pytest.raises(StaleTokenError, match=f"is {state} in Airflow while its process lives on"):
        check_not_ended(context_of(state))


def context_of(state: str | None) -> Any:
    run: TrainingRun = training_run("flights", "2024-02-05")
    run.states = {} if state is None else {"promote": state}
    return run.context("promote")


@pytest.mark.parametrize(
    ("hours", "is_refused"), [(71.9, False), (72.1, True)], ids=["young enough", "too old"]
)
def test_an_old_evaluation_is_not_acted_upon(
    context: ModelContext, asked: dict[str, Any], hours: float, is_refused: bool
) -> None:
    evaluated_at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()

    if is_refused:
        with pytest.raises(PromotionError, match="is 72 h old, at most 72 h are allowed"):
            check_age(context, asked, evaluated_at)
    else:
        check_age(context, asked, evaluated_at)


def test_an_evaluation_of_unknown_age_is_not_acted_upon(
    context: ModelContext, asked: dict[str, Any]
) -> None:
    with pytest.raises(PromotionError, match="does not say when it was made"):
        check_age(context, asked, None)


def test_a_promotion_that_was_begun_is_finished_however_old(
    context: ModelContext, asked: dict[str, Any]
) -> None:
    enthrone(context, "1", decision=asked["decision"])

    check_age(context, asked, "2001-01-01T00:00:00+00:00")
