"""Asking people: who is asked what, once, and what each answer leads to."""

import time
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from drivers.asking import Case, change_spec, told
from drivers.telling import incidents
from evergreen.ledger.records import Answer
from evergreen.orchestration.approval_operator import APPROVE, REFUSE
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.approvals import remind_of_approvals


def test_a_person_is_asked_with_all_that_is_needed_to_answer(
    case: Case, context: ModelContext, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput) as waiting:
        case.ask()

    (page,) = shown
    assert page["subject"] == f"{context.spec.name}: may version 2 become champion?"
    body = page["body"].replace("\\", "")
    for part in ("version 2", "version 1", "+0.0200", "+0.0100 to +0.0300", "auc gain +0.02"):
        assert part in body
    assert page["options"] == [APPROVE, REFUSE]
    assert page["defaults"] == [REFUSE]
    assert page["assigned_users"] is None
    assert waiting.value.timeout == pytest.approx(timedelta(hours=24), abs=timedelta(minutes=1))
    assert (case.row.answer, case.row.version) == ("open", "2")
    assert told(context) == ["approval_wanted"]


def test_a_retry_goes_on_with_the_same_question_and_tells_nobody_again(
    case: Case, context: ModelContext
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    first = case.row

    with pytest.raises(TaskAwaitingInput) as again:
        case.ask()

    assert case.row == first
    assert again.value.timeout <= first.due_at - first.asked_at
    assert told(context) == ["approval_wanted"]


def test_an_approval_lets_the_champion_move_with_name_and_comment(case: Case) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert "nobody has answered yet" in case.why_not_promoted()

    result = case.answer(APPROVE, comment="seen\nit")

    assert (result["answer"], result["by"]) == ("approved", "ada")
    row = case.row
    assert (row.answer, row.answered_by, row.comment) == ("approved", "ada", "seen it")
    assert case.why_not_promoted() == ""


def test_a_refusal_skips_the_promotion_and_closes_as_refused(
    case: Case, context: ModelContext
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()

    with pytest.raises(AirflowSkipException):
        case.answer(REFUSE, comment="not on Fridays")

    outcome, sentence = case.close()
    assert outcome == "refused"
    assert sentence.startswith("refused by ada: not on Fridays; the champion stays")
    assert "not on Fridays" in case.why_not_promoted()
    assert told(context) == ["approval_wanted", "kept"]
    assert incidents(context)[0] == ("approval", "", "refused by ada")


@pytest.mark.parametrize(
    ("rule", "default", "answer", "sentence"),
    [
        pytest.param(
            {"on_timeout": "keep"},
            REFUSE,
            "timed_out_keep",
            "nobody answered within 24 hours; the champion stays",
            id="keep",
        ),
        pytest.param(
            {"on_timeout": "promote"},
            APPROVE,
            "timed_out_promote",
            "nobody answered within 24 hours, and the spec promotes then",
            id="promote",
        ),
    ],
    indirect=["rule"],
)
def test_what_a_time_out_means_is_what_the_spec_says(
    case: Case, shown: list[dict[str, Any]], default: str, answer: Answer, sentence: str
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert shown[0]["defaults"] == [default]

    if default == REFUSE:
        with pytest.raises(AirflowSkipException, match=sentence):
            case.answer(default, user=None)
        assert case.close()[0] == "refused"
    else:
        assert case.answer(default, user=None)["sentence"] == sentence

    assert (case.row.answer, case.row.answered_by) == (answer, "")


@pytest.mark.parametrize("rule", [{"approvers": "ada, ben"}], indirect=True)
def test_an_answer_of_somebody_else_does_not_count_and_it_is_asked_again(
    case: Case, context: ModelContext, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()

    with pytest.raises(TaskAwaitingInput):
        case.answer(APPROVE, user={"id": "9", "name": "eve"})
    assert case.row.answer == "open"
    case.answer(APPROVE)

    assert case.row.answered_by == "ada"
    assert len(shown) == 2
    assert told(context) == ["approval_wanted"]


def test_what_was_answered_is_not_asked_again_when_the_step_is_cleared(
    case: Case, shown: list[dict[str, Any]]
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)

    again = case.ask()

    assert again["answer"] == "approved"
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("rule", "is_due"),
    [
        pytest.param({"hours": 24}, True, id="open for long"),
        pytest.param({"hours": 0.0001}, False, id="past its time"),
    ],
    indirect=["rule"],
)
def test_people_are_reminded_once_of_what_is_still_open(
    case: Case, context: ModelContext, is_due: bool
) -> None:
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    assert remind_of_approvals(context) == []
    time.sleep(0.5)
    asked_at = case.row.asked_at
    change_spec(
        context,
        "\npromotion: {approval: required, approval_reminder_hours: 0.0001}\n",
    )

    reminded = [remind_of_approvals(context) for _ in range(2)]

    assert reminded == [[case.about.decision_id] * is_due, []]
    assert case.row.asked_at == asked_at
    alerts = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    assert [alert.kind for alert in alerts] == ["approval_wanted"] * (1 + is_due)
    if is_due:
        assert alerts[1].title == f"Reminder: {alerts[0].title}"
        assert alerts[1].thread == alerts[0].thread
        assert alerts[1].must_act


def test_what_was_answered_is_not_reminded_of(case: Case, context: ModelContext) -> None:
    change_spec(context, "\npromotion: {approval: required, approval_reminder_hours: 0.00001}\n")
    with pytest.raises(TaskAwaitingInput):
        case.ask()
    case.answer(APPROVE)
    time.sleep(0.1)

    assert remind_of_approvals(context) == []
