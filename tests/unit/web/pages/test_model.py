from datetime import timedelta
from typing import Any, get_args

import pytest

from builders.views import make_model_detail, make_models_page, make_point, make_summary
from builders.web_records import (
    make_approval,
    make_closed_incident,
    make_decision,
    make_incident,
    make_version,
)
from builders.web_signals import NOW, make_evaluation
from drivers import rendered
from evergreen.web.pages.advice import BY_STATE, advise
from evergreen.web.pages.labels import STATES
from evergreen.web.queries.view_models import State

ALL_STATES: tuple[State, ...] = get_args(State)
BARE: dict[str, Any] = {
    "champion_version": None,
    "champion_since": None,
    "last": None,
    "last_sentence": "",
    "next_batch_at": None,
    "open_incidents": 0,
    "points": (),
    "owner": "",
}
NOTHING: dict[str, Any] = {
    "points": (),
    "promotions": (),
    "decisions": (),
    "champion": None,
    "challenger": None,
    "drift": (),
    "drift_batch": None,
    "incidents": (),
    "approvals": (),
    "actions": (),
    "spec": "",
}


@pytest.mark.parametrize("state", ALL_STATES)
def test_state_is_told_in_words_on_both_pages(state: State) -> None:
    listed = rendered.models(make_models_page(make_summary(state=state)))
    alone = rendered.model(make_model_detail(summary=make_summary(state=state)))

    assert rendered.text_of(listed.select_one("tbody .badge")) == STATES[state][0]
    assert rendered.text_of(alone.select_one(".head .badge")) == STATES[state][0]
    assert rendered.text_of(alone.select_one(".answers pre"))


def test_every_state_has_words_and_advice() -> None:
    assert set(STATES) == set(BY_STATE) == set(ALL_STATES)
    assert len({word for word, _ in STATES.values()}) == len(ALL_STATES)


def test_model_without_any_history_is_a_page() -> None:
    summary = make_summary(state="new", **BARE)

    page = rendered.model(make_model_detail(summary=summary, **NOTHING))

    assert "No decision yet" in page.get_text()
    assert "There is no champion yet" in page.get_text()
    assert "evergreen decisions flights" in rendered.text_of(page.select_one(".answers pre"))


def test_list_shows_models_without_history() -> None:
    page = rendered.models(make_models_page(make_summary(state="new", **BARE)))

    row = rendered.text_of(page.select_one("tbody tr"))
    assert "none yet" in row
    assert "not known" in row


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param("", "You need read access", id="nothing may be read"),
        pytest.param("xyz", "No model that you may read matches", id="nothing matches"),
    ],
)
def test_empty_list_says_why(query: str, told: str) -> None:
    page = rendered.models(make_models_page(query=query))

    assert told.lower() in page.get_text().lower()


def test_list_counts_states_and_keeps_the_search_when_paging() -> None:
    view = make_models_page(
        make_summary(),
        query="a&b",
        state="failed",
        page=2,
        n_pages=3,
        counts={"failed": 31, "fresh": 930},
    )

    page = rendered.models(view)

    chips = [rendered.text_of(chip) for chip in page.select(".chips a")]
    assert chips == ["All 961", "Failed 31", "Fresh 930"]
    after = page.select_one(".pager a[rel=next]")
    assert after is not None
    assert after["href"] == f"{rendered.BASE}/models?query=a%26b&state=failed&page=3"


def test_overdue_batch_is_said_to_be_due() -> None:
    late = make_summary(next_batch_at=NOW - timedelta(days=2))

    page = rendered.models(make_models_page(late))

    assert "due 2" in rendered.text_of(page.select_one(".overdue"))


def test_a_sentence_that_state_and_decision_share_stands_there_once() -> None:
    said = "stand down: auc is within 0.02"
    alike = make_summary(state="fresh", state_sentence=said, last_sentence=said)

    page = rendered.models(make_models_page(alike))

    assert [one.get_text() for one in page.select(".sentence")] == [said]
    assert len(rendered.models(make_models_page(make_summary())).select(".sentence")) == 2


def test_advice_follows_the_gravest_incident_that_needs_a_person() -> None:
    incidents = (
        make_incident(id=1, severity="warning", kind="drift", title="Drift"),
        make_incident(id=2, severity="critical", kind="alias_mismatch", title="Alias"),
        make_closed_incident(id=3),
    )

    advice = advise(make_model_detail(summary=make_summary(state="fresh"), incidents=incidents))

    assert advice.must_act
    assert advice.runbook == "alias_mismatch"
    assert advice.act == "Yes: Alias. Its runbook says what to do."


def test_advice_of_a_quiet_model_is_to_do_nothing() -> None:
    healing = make_incident(must_act=False)

    advice = advise(make_model_detail(summary=make_summary(state="fresh"), incidents=(healing,)))

    assert (advice.must_act, advice.act) == (False, "No.")


def test_command_can_be_typed_as_it_stands_whatever_the_batch_is_called() -> None:
    last = make_point(batch="2013; rm -rf ~")

    advice = advise(make_model_detail(summary=make_summary(state="failed", last=last)))

    assert advice.command == "evergreen why flights '2013; rm -rf ~'"


@pytest.mark.parametrize(
    ("reference", "compared"),
    [
        ("champion", "against the champion's reference"),
        ("season", "against the same season of the year before, or the champion's reference if"),
        ("", "against its reference"),
    ],
)
def test_drift_says_what_it_compares_with(reference: str, compared: str) -> None:
    page = rendered.model(make_model_detail(drift_reference=reference))

    assert compared in rendered.text_of(page.select_one("#drift h2"))


def test_runbook_is_opened_with_its_commands_filled_in() -> None:
    last = make_point(batch="2013-11-14")

    page = rendered.model(make_model_detail(summary=make_summary(state="failed", last=last)))

    runbook = page.select_one(".answers a")
    assert runbook is not None
    assert str(runbook["href"]).endswith(
        "/runbooks/data_rejected?model=flights&batch=2013-11-14#act"
    )


def test_question_is_answered_on_the_page_of_its_run() -> None:
    decision = make_decision(run_id="manual__1/2+3")

    page = rendered.model(make_model_detail(decisions=(decision,), approvals=(make_approval(),)))

    answer = page.select_one(".waiting a")
    assert answer is not None
    run = "/flow/dags/continual_training__flights/runs/manual__1%2F2%2B3"
    assert answer["href"] == f"{run}/tasks/approve/required_actions"


def test_answered_question_waits_no_more() -> None:
    page = rendered.model(make_model_detail(approvals=(make_approval(answer="approved"),)))

    assert page.select_one(".waiting") is None


@pytest.mark.parametrize(
    ("hold", "action"),
    [
        pytest.param("", "hold", id="nothing holds"),
        pytest.param("held by ada: audit", "release", id="held"),
    ],
)
def test_promotions_can_be_held_or_released(hold: str, action: str) -> None:
    page = rendered.model(make_model_detail(hold=hold))

    forms = [str(form["action"]) for form in page.select("#actions form")]
    start = f"{rendered.BASE}/actions/models/flights"
    assert forms == [f"{start}/force_retrain", f"{start}/{action}"]


def test_incident_that_somebody_looks_after_can_only_be_snoozed() -> None:
    taken = make_incident(
        acknowledged_by="ada",
        acknowledged_at=NOW,
        acknowledge_reason="on it",
        snoozed_until=NOW + timedelta(hours=3),
        snoozed_by="ada",
        snooze_reason="known",
    )

    page = rendered.model(make_model_detail(incidents=(taken,)))

    forms = [str(form["action"]) for form in page.select("#incidents form")]
    assert forms == [f"{rendered.BASE}/actions/incidents/17/snooze"]
    told = rendered.text_of(page.select_one("#incidents .incident"))
    assert "Acknowledged by ada" in told
    assert "Snoozed by ada until 2013-11-21 15:00 UTC: known" in told


def test_versions_stand_side_by_side_with_their_units() -> None:
    bare = make_version("9", evaluation=make_evaluation(champion=None, gain=None, gain_low=None))

    page = rendered.model(make_model_detail(challenger=bare))

    champion, challenger = page.select(".version-card")
    assert "51,234 rows" in rendered.text_of(champion)
    assert "100 rounds in 4.2 s on cpu" in rendered.text_of(challenger)
    assert "nats per row, lower is better" in rendered.text_of(champion)


def test_table_below_the_timeline_holds_each_of_its_points() -> None:
    page = rendered.model()

    rows = page.select("#timeline tbody tr")
    points = rendered.data_of(page, "timeline-data")["points"]
    assert [rendered.text_of(row.th) for row in rows] == [p["batch"] for p in reversed(points)]


def test_embedded_model_has_no_bar_of_ours() -> None:
    page = rendered.model(is_embedded=True)

    assert page.select_one(".bar") is None
    assert page.select_one(".crumbs") is None
    assert page.select_one("#timeline") is not None
