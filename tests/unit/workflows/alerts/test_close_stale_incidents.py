from datetime import UTC, datetime, timedelta

import pytest

from drivers.telling import BATCH, incidents, make_alert
from evergreen.workflows.alerts.close_stale_incidents import end_what_is_over
from evergreen.workflows.alerts.incident_flow import raise_alert
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import change_hold


def last_text(context: ModelContext) -> str:
    return context.ledger.alerts.history(context.spec.name)[-1].alert.text


@pytest.mark.parametrize(
    ("kind", "topic"), [("promotion_held", "hold"), ("rollback_held", "rollback_held")]
)
def test_what_is_held_is_over_when_it_is_released(
    context: ModelContext, kind: str, topic: str
) -> None:
    change_hold(context, {"action": "hold", "reason": "audit"}, requested_by="ada")
    raise_alert(context, make_alert(context, kind, must_act=True))

    while_held = end_what_is_over(context)
    change_hold(context, {"action": "release", "reason": "audit done"}, requested_by="ben")
    after = end_what_is_over(context)

    assert (while_held, after) == ([], [topic])
    assert incidents(context) == [(topic, "", "released")]
    assert "Released by ben: audit done." in last_text(context)


def test_a_freeze_that_has_ended_ends_what_it_held(context: ModelContext) -> None:
    raise_alert(context, make_alert(context, "promotion_held"))

    end_what_is_over(context)

    assert incidents(context) == [("hold", "", "released")]
    assert "Nothing holds promotions any more." in last_text(context)


@pytest.mark.parametrize(
    ("hours_left", "is_answered", "resolution"),
    [
        pytest.param(1, False, "", id="still asked"),
        pytest.param(1, True, "refused by ada", id="answered"),
        pytest.param(-0.1, False, "", id="the run tells it"),
        pytest.param(-1, False, "nobody answered in time", id="long over"),
    ],
)
def test_a_question_is_over_when_it_is_answered_or_its_time_has_passed(
    context: ModelContext, hours_left: float, is_answered: bool, resolution: str
) -> None:
    due = datetime.now(UTC) + timedelta(hours=hours_left)
    context.ledger.approvals.ask("d", model=context.spec.name, version="2", due_at=due)
    raise_alert(context, make_alert(context, "approval_wanted", must_act=True))
    if is_answered:
        context.ledger.approvals.answer("d", "refused", answered_by="ada", comment="not now")

    end_what_is_over(context)

    assert incidents(context) == [("approval", "", resolution)]


def test_other_incidents_are_left_to_those_who_know(context: ModelContext) -> None:
    raise_alert(context, make_alert(context, "drift"))
    raise_alert(context, make_alert(context, "no_data", BATCH), subject="data")

    assert end_what_is_over(context) == []
