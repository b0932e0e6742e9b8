from datetime import UTC, datetime, timedelta

import pytest

from evergreen.errors import LedgerError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Answer, Approval

NOW = datetime.now(UTC)


def ask(ledger: Ledger, decision: str = "d1", *, version: str = "3", hours: float = 24) -> Approval:
    return ledger.approvals.ask(
        decision, model="flights", version=version, due_at=NOW + timedelta(hours=hours)
    )


def test_what_was_asked_is_open_until_somebody_answers(ledger: Ledger) -> None:
    asked = ask(ledger)
    assert (asked.answer, asked.answered_at, asked.is_granted) == ("open", None, False)

    ledger.approvals.answer("d1", "approved", answered_by="ada", comment="looks right")

    answered = ledger.approvals.get("d1")
    assert answered is not None
    assert (answered.answer, answered.answered_by, answered.comment) == (
        "approved",
        "ada",
        "looks right",
    )
    assert (answered.version, answered.due_at) == ("3", asked.due_at)
    assert answered.answered_at is not None


@pytest.mark.parametrize(
    ("answer", "is_granted"),
    [
        ("approved", True),
        ("timed_out_promote", True),
        ("refused", False),
        ("timed_out_keep", False),
    ],
)
def test_the_first_answer_stands(ledger: Ledger, answer: Answer, is_granted: bool) -> None:
    ask(ledger)
    first = ledger.approvals.answer("d1", answer, answered_by="ada", comment="")

    second = ledger.approvals.answer("d1", "approved", answered_by="ben", comment="late")

    assert second == first == ledger.approvals.get("d1")
    assert first.is_granted is is_granted


def test_a_new_question_of_the_same_decision_replaces_the_old_one(ledger: Ledger) -> None:
    ask(ledger)
    ledger.approvals.answer("d1", "refused", answered_by="ada", comment="no")
    ledger.approvals.record_reminded("d1")

    again = ask(ledger, version="4")

    assert ledger.approvals.get("d1") == again
    assert (again.answer, again.comment, again.reminded_at) == ("open", "", None)


def test_only_open_questions_in_their_time_wait(ledger: Ledger) -> None:
    ask(ledger, "past", hours=-1)
    ask(ledger, "answered")
    ledger.approvals.answer("answered", "refused", answered_by="ada", comment="")
    ask(ledger, "open")

    waiting = ledger.approvals.waiting("flights", at=NOW)

    assert [approval.decision_id for approval in waiting] == ["open"]
    assert ledger.approvals.waiting("delays", at=NOW) == []


def test_a_reminder_is_remembered(ledger: Ledger) -> None:
    assert ask(ledger).reminded_at is None

    ledger.approvals.record_reminded("d1")

    found = ledger.approvals.get("d1")
    assert found is not None
    assert found.reminded_at is not None


def test_an_answer_to_nothing_is_refused(ledger: Ledger) -> None:
    assert ledger.approvals.get("d9") is None

    with pytest.raises(LedgerError, match="nobody was asked"):
        ledger.approvals.answer("d9", "approved", answered_by="ada", comment="")
