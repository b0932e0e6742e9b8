"""The kill switch and the freezes: what holds promotions, and what is owed afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drivers.history import NO_DECAY, NO_DRIFT, begin, run_about
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import RequestError
from evergreen.ledger.records import Hold
from evergreen.orchestration.manual_tasks import change_hold as change_hold_task
from evergreen.orchestration.manual_tasks import find_held
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.spec.promoting import Freeze
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import anew, change_hold, holding, was_held, what_holds

NOW = datetime(2026, 12, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_freeze(start: datetime, end: datetime) -> Freeze:
    return Freeze(start=start, end=end, reason="Christmas")


def make_hold(model: str = "flights") -> Hold:
    return Hold(
        model=model,
        reason="audit",
        held_by="ada",
        held_at=NOW,
        released_by=None,
        release_reason=None,
        released_at=None,
    )


@pytest.mark.parametrize(
    ("start", "end", "is_frozen"),
    [
        pytest.param(NOW, NOW + HOUR, True, id="just begun"),
        pytest.param(NOW - HOUR, NOW, False, id="just over"),
        pytest.param(NOW + HOUR, NOW + 2 * HOUR, False, id="not yet"),
    ],
)
def test_a_freeze_holds_from_its_start_until_its_end(
    start: datetime, end: datetime, is_frozen: bool
) -> None:
    stay = what_holds([], [make_freeze(start, end)], NOW)

    assert (stay is not None) is is_frozen
    if stay is not None:
        assert (stay.outcome, stay.cause) == ("held", "freeze")
        assert stay.sentence == "promotions are frozen until 2026-12-24 13:00 UTC: Christmas"


@pytest.mark.parametrize(("model", "whose"), [("flights", "flights"), ("*", "all models")])
def test_a_persons_hold_goes_before_a_freeze_and_is_named(model: str, whose: str) -> None:
    stay = what_holds([make_hold(model)], [make_freeze(NOW, NOW + HOUR)], NOW)

    assert stay is not None
    assert stay.cause == "hold"
    assert stay.sentence == (
        f"promotions of {whose} are held by ada since 2026-12-24 12:00 UTC: audit"
    )


def test_a_model_is_held_and_released_with_the_names_of_who_asked(context: ModelContext) -> None:
    held = change_hold(context, {"action": "hold", "reason": "audit"}, requested_by="ada")
    assert holding(context) is not None
    assert "held by ada" in held

    released = change_hold(context, {"action": "release", "reason": "over"}, requested_by="ben")
    again = change_hold(context, {"action": "release", "reason": "over"}, requested_by="ben")

    assert holding(context) is None
    assert released == "released by ben: over"
    assert "were not held" in again
    (row,) = context.ledger.holds.history(context.spec.name)
    assert (row.held_by, row.released_by, row.release_reason) == ("ada", "ben", "over")


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({"action": "hold"}, "needs a reason", id="no reason"),
        pytest.param({"action": "hold", "reason": " "}, "needs a reason", id="blank reason"),
        pytest.param({"action": "stop", "reason": "x"}, "hold, release", id="no such action"),
        pytest.param({"reason": "x"}, "hold, release", id="no action"),
        pytest.param({"acton": "hold", "reason": "x"}, "did you mean 'action'", id="misspelt"),
    ],
)
def test_a_wrong_order_is_refused_and_holds_nothing(
    context: ModelContext, conf: dict[str, str], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        change_hold(context, conf, requested_by="ada")

    assert holding(context) is None


def close_as_held(context: ModelContext, batch: str, run_id: str = "run") -> DecisionRun:
    about = run_about(context, batch, run_id)
    decide_batch(context, about, NO_DRIFT, NO_DECAY, run_id=run_id)
    context.ledger.decisions.close(
        about.decision_id,
        outcome="held",
        sentence="held by ada",
        challenger_version="2",
        champion_after="1",
        evaluation=None,
        report_path=None,
    )
    return about


def test_what_was_held_is_owed_once_nothing_holds_any_more(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = begin(context, upstream)
    context.ledger.holds.hold(context.spec.name, reason="audit", held_by="ada")
    assert anew(context, "released") is None
    close_as_held(context, batch)
    later = run_about(context, batch, "later", dry_run=True)
    _, while_held = decide_batch(context, later, NO_DRIFT, NO_DECAY, run_id="later")

    context.ledger.holds.release(context.spec.name, reason="over", released_by="ben")

    _, afterwards = decide_batch(context, later, NO_DRIFT, NO_DECAY, run_id="later")
    assert (while_held.was_held, afterwards.was_held) == (False, True)
    assert anew(context, "released by ben: over") == {
        "force_retrain": True,
        "reason": "held before, released by ben: over",
    }


def test_the_tasks_hold_and_find_what_is_owed(context: ModelContext, upstream: Upstream) -> None:
    close_as_held(context, begin(context, upstream))
    run = Run(
        DagRun(
            f"hold__{context.spec.name}",
            "manual__1",
            conf={"action": "release", "reason": "over"},
            triggering_user_name="ben",
        )
    )

    sentence = run.call(change_hold_task, context.spec.name)
    conf = run.call(find_held, context.spec.name, sentence)

    assert was_held(context)
    assert conf["force_retrain"] is True
    run.dag_run.conf = {"action": "release"}
    with pytest.raises(RequestRefused, match="needs a reason"):
        run.call(change_hold_task, context.spec.name)


def test_where_nothing_is_owed_nothing_is_started(context: ModelContext) -> None:
    run = Run(DagRun(f"hold__{context.spec.name}", "manual__1", conf={}))

    with pytest.raises(AirflowSkipException, match="no held promotion of"):
        run.call(find_held, context.spec.name, "released")
