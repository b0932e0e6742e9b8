from typing import Any

import pytest

from builders.views import make_decision_detail, make_decisions_page, make_incident_detail
from builders.web_records import (
    make_approval,
    make_closed_incident,
    make_decision,
    make_message,
)
from builders.web_signals import make_decay, make_evaluation, make_guard, make_metric, make_signals
from drivers import rendered
from evergreen.presentation.formatting import NOTHING
from evergreen.presentation.signals import signals_of
from evergreen.spec.decision_limits import Limits

LIMITS = Limits(
    share_to_retrain=0.3,
    min_coverage=0.8,
    min_training_rows=5000,
    min_holdout_rows=1000,
    drift_reference="rolling",
)
BARE: dict[str, Any] = {
    "delivery": None,
    "approval": None,
    "promotion": None,
    "incidents": (),
    "drift": (),
    "mlflow_link": "",
    "report_link": "",
    "docs_link": "",
}


def test_every_signal_stands_beside_its_limit() -> None:
    made = make_decision()

    rows = {one.name: one for one in signals_of(made.signals, made.state_after, LIMITS)}

    share = rows["drifted share"]
    assert (share.measured, share.limit) == ("28\xa0%", "retrain from 30\xa0%")
    drop = rows["metric drop"]
    assert (drop.measured, drop.limit, drop.unit) == ("+0.0123", "at most 0.0080", "log loss")
    assert rows["training rows"].limit == "at least 5,000"
    assert rows["all features together"].measured == "0.7100 ± 0.0100"
    assert rows["data fault"].says == "suspect"
    assert rows["former champion v3"].measured == "-0.0123 ± 0.0034"
    assert rows["training budget"].unit == "trainings"


def test_limits_of_another_spec_are_not_shown() -> None:
    page = rendered.decision(limits=None)

    assert "The spec has changed since" in page.get_text()
    assert "retrain from" not in page.get_text()
    assert "The spec has changed since" not in rendered.decision(limits=LIMITS).get_text()


def test_first_decision_of_a_model_is_a_page() -> None:
    decision = make_decision(
        verdict="bootstrap",
        outcome="open",
        signals=make_signals(drift=None, decay=None, champion_version=None, labelled=()),
        evaluation=None,
        promotion_verdict=None,
        champion_before=None,
        challenger_version=None,
        champion_after=None,
        outcome_sentence="",
        closed_at=None,
        state_after=None,
        requested_by="",
        reason="",
    )

    page = rendered.decision(make_decision_detail(decision=decision, **BARE))

    text = page.get_text()
    assert "Not finished yet" in text
    assert "No challenger was evaluated" in text
    assert "Drift was not measured" in text
    assert "The policy; no person requested it" in text
    assert "Data Docs: none" in text


def test_unknown_values_are_dashes_and_never_zero() -> None:
    unknown = make_metric(None)
    evaluation = make_evaluation(
        challenger=unknown, champion=unknown, gain=None, gain_low=None, gain_high=None
    )
    decision = make_decision(
        evaluation=evaluation,
        signals=make_signals(decay=make_decay(drop=None, limit=None, current=unknown)),
    )

    page = rendered.decision(make_decision_detail(decision=decision))

    cells = [rendered.text_of(cell) for cell in page.select("#evaluation tbody tr td.num")[:3]]
    assert cells[:2] == [NOTHING, NOTHING]
    rows = {rendered.text_of(row.th): row for row in page.select("#signals tbody tr")}
    assert rendered.text_of(rows["metric drop"].td) == NOTHING


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param("approved", "Approved by grace", id="approved"),
        pytest.param("refused", "Refused by grace", id="refused"),
        pytest.param("open", "Waiting for approval", id="open"),
    ],
)
def test_page_says_who_answered(answer: str, told: str) -> None:
    by = "" if answer == "open" else "grace"
    approval = make_approval(answer=answer, answered_by=by)

    page = rendered.decision(make_decision_detail(approval=approval))

    assert told in rendered.text_of(page.select_one(".answers"))


def test_guards_name_their_units() -> None:
    names = ("metric auc", "slice carrier=UA", "calibration", "latency", "size", "forgetting")
    guards = tuple(make_guard(name, "passed", 0.1, 0.2) for name in names)
    decision = make_decision(evaluation=make_evaluation(guards=guards))

    page = rendered.decision(make_decision_detail(decision=decision))

    rows = [row for row in page.select("#evaluation tbody tr") if row.select_one("td.says")]
    assert [rendered.text_of(row.find_all("td")[3]) for row in rows] == [
        "AUC",
        "log loss",
        "expected calibration error",
        "times the champion's",
        "MB",
        "log loss",
    ]


def test_links_begin_where_airflow_is() -> None:
    page = rendered.decision()

    links = {rendered.text_of(a): str(a["href"]) for a in page.select(".links a")}
    assert links["Run in Airflow"].startswith("/flow/dags/continual_training__flights/runs/")
    assert links["Drift report"] == "/flow/evergreen/reports/5f2b6c0e9d1a4b37"
    assert links["MLflow"] == "http://127.0.0.1:5000/#/models/flights/versions/8"
    assert links["JSON"] == "/flow/evergreen/api/decisions/5f2b6c0e9d1a4b37"


def test_links_to_other_sites_get_nothing_of_ours() -> None:
    page = rendered.decision()

    tabs = page.select('a[target="_blank"]')
    assert {str(a.get("rel")) for a in tabs} == {"['noopener', 'noreferrer']"}


def test_broken_rules_of_the_gate_are_named() -> None:
    page = rendered.decision()

    told = rendered.text_of(page.select_one("#batch"))
    assert "1 of 2 rules met" in told
    assert "null share, wind_gust : 0.8 is over 0.2" in told


def test_list_of_decisions_can_be_paged() -> None:
    page = rendered.decisions(make_decisions_page())

    before = page.select_one(".pager a[rel=prev]")
    assert before is not None
    assert before["href"] == f"{rendered.BASE}/models/flights/decisions?page=1"
    assert len(page.select("tbody tr")) == 3


@pytest.mark.parametrize(
    ("limits", "compared"),
    [
        pytest.param(
            LIMITS, "against the period before the batch, or the reference of v7", id="told"
        ),
        pytest.param(None, "against its reference", id="the spec has changed"),
    ],
)
def test_drift_says_what_it_compares_with(limits: Limits | None, compared: str) -> None:
    page = rendered.decision(limits=limits)

    assert compared in rendered.text_of(page.select_one("#drift h2"))


def test_list_without_decisions_says_so() -> None:
    page = rendered.decisions(make_decisions_page(decisions=(), n_decisions=0, page=1, n_pages=1))

    assert "No decision yet" in page.get_text()
    assert page.select_one(".pager") is None


def test_open_decision_of_the_list_has_no_champion_after_it_yet() -> None:
    page = make_decisions_page()
    line = page.decisions[-1]
    point = line.point.model_copy(update={"outcome": "open"})
    running = line.model_copy(update={"point": point, "champion_after": None})

    shown = rendered.decisions(page.model_copy(update={"decisions": (running,)}))

    assert rendered.text_of(shown.select("table.decisions tbody td")[-1]) == "v6"


def test_incident_says_whether_to_act_and_what_people_were_told() -> None:
    page = rendered.incident()

    assert "Must I act? Yes." in rendered.text_of(page.select_one(".answers"))
    told = rendered.text_of(page.select_one("#messages"))
    assert "waiting for delivery 3 attempts, last error: HTTP 500" in told
    assert "null share: 80 % (limit 20 %)" in told
    runbook = page.select_one(".answers a")
    assert runbook is not None
    assert runbook["href"] == f"{rendered.BASE}/runbooks/data_rejected?model=flights#act"
    assert rendered.text_of(page.select_one(".answers pre")) == "evergreen decisions flights"


def test_closed_incident_needs_nobody() -> None:
    closed = make_incident_detail(incident=make_closed_incident(), messages=(), points=())

    page = rendered.incident(closed)

    assert "No, it is closed: resolved by promotion of v7" in page.get_text()
    assert page.select_one(".answers pre") is None
    assert page.find("form", method="post") is None
    assert page.select_one("#timeline") is None


@pytest.mark.parametrize("state", ["pending", "delivered", "logged", "undeliverable"])
def test_each_state_of_a_message_has_words(state: str) -> None:
    page = rendered.incident(make_incident_detail(messages=(make_message(state=state),)))

    assert rendered.text_of(page.select_one("#messages .badge")) not in ("", state.title())
