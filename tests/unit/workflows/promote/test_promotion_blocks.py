"""Why a challenger that won does not become champion: not asked about, held, not approved."""

import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from drivers.asking import Case, change_spec, told
from drivers.history import accept
from drivers.tiny import Upstream
from evergreen.orchestration.approval_operator import APPROVE
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_lock import outdated_by


def test_an_answer_counts_only_for_the_evaluation_it_was_given_about(
    case: Case, context: ModelContext
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)
    time.sleep(1.1)  # questions of one decision are told apart by the second
    case.evaluate()
    assert "nobody was asked about this evaluation" in case.why_not_promoted()

    with pytest.raises(TaskAwaitingInput):
        case.ask()

    assert case.row.answer == "open"
    assert told(context) == ["approval_wanted", "approval_wanted"]


def test_nobody_is_asked_about_a_challenger_that_lost(
    case: Case, shown: list[dict[str, Any]]
) -> None:
    case.evaluate("keep")

    with pytest.raises(AirflowSkipException, match="kept the champion"):
        case.ask()

    assert case.close() == ("kept", "auc gain +0.02")
    assert shown == []


def test_nobody_is_asked_on_a_dry_run(case: Case, shown: list[dict[str, Any]]) -> None:
    request = case.about.request.model_copy(update={"dry_run": True})
    case.about = case.about.model_copy(update={"request": request})
    case.run.returned["check_request"] = case.about.to_json()

    with pytest.raises(AirflowSkipException, match="dry run"):
        case.ask()

    assert case.close()[1] == (
        "dry run, nothing kept and nothing moved: the challenger would have been promoted:"
        " auc gain +0.02"
    )
    assert shown == []


@pytest.mark.parametrize("cause", ["hold", "freeze"])
def test_nobody_is_asked_while_promotions_are_held(
    case: Case, context: ModelContext, shown: list[dict[str, Any]], cause: str
) -> None:
    if cause == "hold":
        context.ledger.holds.hold("*", reason="audit", held_by="ben")
    else:
        change_spec(
            context,
            "\npromotion:\n  approval: required\n  freeze:\n"
            "    - {start: 2024-01-01T00:00:00Z, end: 2124-01-01T00:00:00Z, reason: for good}\n",
        )
        case.begin_anew()

    with pytest.raises(AirflowSkipException):
        case.ask()

    outcome, sentence = case.close()
    assert outcome == "held"
    assert ("audit" if cause == "hold" else "for good") in sentence
    assert shown == []
    (alert,) = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    assert (alert.kind, alert.must_act) == ("promotion_held", cause == "hold")


def test_an_approval_is_no_licence_against_a_hold(case: Case, context: ModelContext) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)

    context.ledger.holds.hold(context.spec.name, reason="audit", held_by="ben")

    assert "held by ben" in case.why_not_promoted()


def test_what_was_held_is_not_applied_late_and_a_new_evaluation_may_go_on(
    case: Case, context: ModelContext
) -> None:
    change_spec(context, "\npromotion: {approval: none}\n")
    context.ledger.holds.hold(context.spec.name, reason="audit", held_by="ben")
    with pytest.raises(AirflowSkipException):
        case.ask()
    case.close()
    context.ledger.holds.release(context.spec.name, reason="over", released_by="ben")
    assert "not applied late" in case.why_not_promoted()

    case.evaluate()

    assert case.why_not_promoted() == ""


def test_marking_the_step_green_by_hand_is_no_approval(case: Case) -> None:
    case.run.states["approve"] = "success"

    assert "nobody was asked about this evaluation" in case.why_not_promoted()


def test_batches_that_arrive_while_a_person_thinks_do_not_undo_the_approval(
    case: Case, context: ModelContext, upstream: Upstream
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    newer = accept(context, upstream, 6)
    assert outdated_by(context.spec, context.ledger, case.about) == newer

    case.answer(APPROVE)

    assert outdated_by(context.spec, context.ledger, case.about) is None


def test_a_spec_that_asks_nobody_any_more_counts_from_the_next_run_on(
    case: Case, context: ModelContext, shown: list[dict[str, Any]]
) -> None:
    change_spec(context, "\npromotion: {approval: none}\n")
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    shown.clear()

    case.begin_anew()

    assert case.ask()["answer"] == "not asked"
    assert shown == []
