from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from evergreen.alerts import catalogue
from evergreen.alerts.manual_actions import of_guards
from evergreen.records import Alert, Evaluation, GuardResult, MetricEstimate, Window

BATCH = "2013-03-05"
METRIC = MetricEstimate(name="auc", value=0.73, se=0.004, n_rows=6000)


def make_evaluation(*guards: GuardResult) -> Evaluation:
    return Evaluation(
        challenger_version="4",
        champion_version="3",
        challenger=METRIC,
        champion=METRIC,
        gain=0.01,
        gain_se=0.003,
        guards=guards,
        n_rows=6000,
        holdout=Window(
            start=datetime(2013, 2, 26, tzinfo=UTC), end=datetime(2013, 3, 5, tzinfo=UTC)
        ),
        sentence="-",
    )


def make_guard(verdict: Literal["passed", "failed", "insufficient"]) -> GuardResult:
    return GuardResult(
        guard="slice carrier=UA", verdict=verdict, value=0.1, limit=0.05, sentence="0.1 over 0.05"
    )


def wanted(**changes: Any) -> Alert:
    asked: dict[str, Any] = {
        "version": "4",
        "champion_version": "3",
        "evaluation": make_evaluation(),
        "sentence": "better by 0.01",
        "due_at": datetime(2013, 3, 6, 9, 30, tzinfo=UTC),
        "on_timeout": "keep",
    }
    return catalogue.approval_wanted("flights", BATCH, **asked | changes)


def held(**changes: Any) -> Alert:
    given: dict[str, Any] = {"version": "4", "champion_version": "3", "cause": "hold"}
    return catalogue.promotion_held("flights", BATCH, sentence="held by ada", **given | changes)


@pytest.mark.parametrize(
    ("on_timeout", "then"),
    [("keep", "the champion stays"), ("promote", "it is promoted without an answer")],
)
def test_a_question_says_until_when_and_what_happens_then(on_timeout: str, then: str) -> None:
    text = wanted(on_timeout=on_timeout).text

    assert "Challenger 4 beat the champion, version 3" in text
    assert f"Answer in Airflow until 2013-03-06 09:30 UTC; after that {then}." in text


def test_a_question_about_the_first_model_says_so() -> None:
    assert "Version 4 would be the first champion" in wanted(champion_version=None).text


def test_a_question_names_who_may_answer() -> None:
    assert "approval by ada, ben." in wanted(approvers=("ada", "ben")).text
    assert "approval." in wanted().text


def test_questions_of_one_batch_are_told_apart() -> None:
    assert wanted(occurrence="a").message_key != wanted(occurrence="b").message_key


def test_a_reminder_is_told_once_in_the_thread_of_its_question() -> None:
    asked = wanted()

    reminder = catalogue.approval_reminder(asked, waited_hours=4, left_hours=20)

    assert reminder.thread == asked.thread
    assert reminder.message_key == f"{asked.message_key}:reminder"
    assert reminder.text.startswith("Nobody has answered for 4 hours; 20 hours are left.")
    assert reminder.must_act


def test_a_freeze_asks_for_nobody_and_a_hold_for_a_release() -> None:
    frozen, stopped = held(cause="freeze"), held(cause="hold")

    assert not frozen.must_act
    assert "Nothing to do." in frozen.text
    assert stopped.must_act
    assert "evergreen release flights" in stopped.text
    assert "Nothing to do." not in stopped.text


@pytest.mark.parametrize(
    ("champion", "says"),
    [("3", "version 3 stays"), (None, "there is still no champion")],
)
def test_a_held_promotion_says_what_serves(champion: str | None, says: str) -> None:
    assert says in held(champion_version=champion).text


@pytest.mark.parametrize(
    ("previous", "has_way_back"), [("3", True), (None, False)], ids=["later", "first"]
)
def test_a_forced_promotion_names_who_why_and_the_way_back(
    previous: str | None, has_way_back: bool
) -> None:
    alert = catalogue.forced(
        "flights",
        epoch=5,
        version="2",
        previous_version=previous,
        reason="audit",
        requested_by="ada",
    )

    assert "ada made version 2 champion by hand" in alert.text
    assert "audit" in alert.text
    assert ("start rollback__flights with version 3" in alert.text) is has_way_back


@pytest.mark.parametrize(
    ("guards", "says"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["passed", "passed"], "2 guards passed", id="all passed"),
        pytest.param(
            ["passed", "insufficient"],
            "1 guard passed; slice carrier=UA insufficient: 0.1 over 0.05",
            id="one is no pass",
        ),
    ],
)
def test_guards_that_are_no_pass_are_named(guards: list[Any], says: str) -> None:
    assert of_guards(make_evaluation(*map(make_guard, guards))) == says
    assert of_guards(None) == ""
