"""The right to promote: taken by each try, lost to a newer one, ended by Airflow or by age."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drivers.history import accept, asked_for, begin, enthrone
from drivers.runs import TrainingRun, training_run
from drivers.tiny import Upstream
from evergreen.errors import PromotionError, StaleTokenError
from evergreen.workflows.model_context import Workbench
from evergreen.workflows.promote.promotion_lock import (
    begin_retrain,
    check_age,
    check_not_ended,
    claim_lane,
    last_look,
)


@pytest.fixture
def asked(bench: Workbench, upstream: Upstream) -> dict[str, Any]:
    return asked_for(bench, begin(bench, upstream))


def is_good(bench: Workbench, token: int | None) -> bool:
    """Tell whether a promotion can still be written with a token."""
    try:
        bench.ledger.promotions.write_intent(
            bench.spec.name,
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
    bench: Workbench, asked: dict[str, Any]
) -> None:
    stalled = claim_lane(bench, asked)
    again = claim_lane(bench, asked)

    assert not is_good(bench, stalled)
    assert is_good(bench, again)


@pytest.mark.parametrize(
    ("request_of", "is_fenced"),
    [
        pytest.param({}, True, id="retrain"),
        pytest.param({"dry_run": True}, False, id="dry run"),
    ],
)
def test_a_retrain_that_begins_takes_the_lane_and_a_dry_run_does_not(
    bench: Workbench, asked: dict[str, Any], request_of: dict[str, Any], is_fenced: bool
) -> None:
    token = claim_lane(bench, asked)

    begin_retrain(bench, asked_for(bench, asked["batch"], "another run", **request_of))

    assert is_good(bench, token) is not is_fenced


def test_a_run_about_the_past_leaves_the_lane_to_the_newer_one(
    bench: Workbench, upstream: Upstream, asked: dict[str, Any]
) -> None:
    newer = asked_for(bench, accept(bench, upstream, 6))
    token = claim_lane(bench, newer)

    begin_retrain(bench, asked)
    with pytest.raises(AirflowSkipException, match="batch 2024-02-12 was accepted meanwhile"):
        claim_lane(bench, asked)

    assert is_good(bench, token)


def test_a_batch_that_lands_while_the_lane_is_taken_stops_the_promotion(
    bench: Workbench, upstream: Upstream, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = bench.ledger.promotions.take_lane

    def take_late(model: str, decision: str) -> int:
        accept(bench, upstream, 6)
        return really(model, decision)

    monkeypatch.setattr(bench.ledger.promotions, "take_lane", take_late)

    with pytest.raises(AirflowSkipException, match="accepted meanwhile"):
        claim_lane(bench, asked)


def test_what_was_begun_needs_no_lane(
    bench: Workbench, upstream: Upstream, asked: dict[str, Any]
) -> None:
    enthrone(bench, "1", decision=asked["decision"])
    newer = claim_lane(bench, asked_for(bench, accept(bench, upstream, 6)))

    begin_retrain(bench, asked)

    assert claim_lane(bench, asked) is None
    assert is_good(bench, newer)


def test_a_batch_that_lands_until_the_last_look_stops_the_promotion(
    bench: Workbench, upstream: Upstream, asked: dict[str, Any]
) -> None:
    last_look(bench, asked, context_of("running"))
    accept(bench, upstream, 6)

    with pytest.raises(AirflowSkipException, match="accepted meanwhile"):
        last_look(bench, asked, context_of("running"))


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
    bench: Workbench, asked: dict[str, Any], hours: float, is_refused: bool
) -> None:
    evaluated_at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()

    if is_refused:
        with pytest.raises(PromotionError, match="is 72 h old, at most 72 h are allowed"):
            check_age(bench, asked, evaluated_at)
    else:
        check_age(bench, asked, evaluated_at)


def test_an_evaluation_of_unknown_age_is_not_acted_upon(
    bench: Workbench, asked: dict[str, Any]
) -> None:
    with pytest.raises(PromotionError, match="does not say when it was made"):
        check_age(bench, asked, None)


def test_a_promotion_that_was_begun_is_finished_however_old(
    bench: Workbench, asked: dict[str, Any]
) -> None:
    enthrone(bench, "1", decision=asked["decision"])

    check_age(bench, asked, "2001-01-01T00:00:00+00:00")
