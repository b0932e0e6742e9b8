"""One model, one decision and one incident in full."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from builders.histories import seed_model
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.measurements import ColumnDrift
from evergreen.presentation.signals import most_moved_first
from evergreen.storage.store import Store
from evergreen.web.queries.decision_detail import decision_detail, incident_detail, run_link
from evergreen.web.queries.model_detail import decisions_page, model_detail, timeline
from evergreen.web.queries.model_state import ORDER
from evergreen.web.queries.view_models import ModelDetail
from evergreen.web.server.services import Services

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def read(services: Services, model: str) -> ModelDetail:
    detail = model_detail(services, model, now=NOW)
    assert detail is not None
    return detail


def newest(services: Services, model: str) -> Decision:
    return services.ledger.decisions.history(model)[-1]


@pytest.mark.parametrize("model", ORDER)
def test_a_model_is_shown_in_every_state(services: Services, model: str) -> None:
    detail = read(services, model)

    assert detail.summary.state == model
    assert (detail.spec == "") is (model == "unreadable")
    assert bool(detail.hold) is (model == "frozen")


def test_a_model_that_does_not_exist_is_none(services: Services) -> None:
    assert model_detail(services, "none") is None
    assert model_detail(services, "../fresh") is None


def test_champion_and_challenger_are_two_versions(services: Services) -> None:
    detail = read(services, "fresh")

    assert detail.champion is not None
    assert detail.champion.version == detail.summary.champion_version
    assert detail.challenger is None or detail.challenger.version != detail.champion.version


def test_everything_is_in_the_order_it_is_said_to_be(services: Services) -> None:
    detail = read(services, "decaying")

    epochs = [promotion.epoch for promotion in detail.promotions]
    assert epochs == sorted(epochs, reverse=True)
    decided = [decision.decided_at for decision in detail.decisions]
    assert decided == sorted(decided, reverse=True)
    points = [point.decided_at for point in detail.points]
    assert points == sorted(points)
    is_open = [incident.is_open for incident in detail.incidents]
    assert is_open == sorted(is_open, reverse=True)


def test_drift_is_that_of_the_newest_measured_batch(services: Services) -> None:
    detail = read(services, "drifting")

    assert detail.drift_batch == newest(services, "drifting").batch
    assert len(detail.drift) == 13
    verdicts = [column.verdict for column in detail.drift]
    assert verdicts == ["drifted"] * 7 + ["stable"] * 6


def test_features_come_by_how_near_they_are_to_their_limit() -> None:
    def column(name: str, verdict: Any, **figures: Any) -> ColumnDrift:
        return ColumnDrift(
            column=name, kind="numeric", verdict=verdict, sentence="", n_rows=1, **figures
        )

    given = (
        column("far", "stable", psi=0.01, psi_limit=0.1),
        column("near by D", "stable", psi=0.01, psi_limit=0.1, ks=0.09, ks_limit=0.1),
        column("broken", "not_computable"),
        column("over", "drifted", psi=0.3, psi_limit=0.1),
        column("few", "insufficient_data"),
    )

    order = [column.column for column in most_moved_first(given)]

    assert order == ["over", "broken", "near by D", "far", "few"]


def test_the_spec_is_yaml_with_every_default(services: Services) -> None:
    spec = yaml.safe_load(read(services, "fresh").spec)

    assert spec["name"] == "fresh"
    assert spec["promotion"]["level"] == "balanced"


def test_an_open_question_is_shown(services: Services) -> None:
    (approval,) = read(services, "waiting_for_approval").approvals

    assert approval.answer == "open"


def test_who_did_what_is_shown(services: Services) -> None:
    (action,) = read(services, "fresh").actions

    assert (action.action, action.done_by) == ("acknowledge", "ann")


def test_a_timeline_has_as_many_points_as_asked(services: Services) -> None:
    points = timeline(services, "fresh", newest=5)

    assert [point.decision for point in points] == [
        decision.id for decision in services.ledger.decisions.history("fresh", limit=5)
    ]


@pytest.mark.parametrize(
    ("asked", "page", "n_shown"),
    [(1, 1, 10), (3, 3, 4), (99, 3, 4)],
    ids=["first", "last", "beyond"],
)
def test_decisions_come_in_pages(services: Services, asked: int, page: int, n_shown: int) -> None:
    found = decisions_page(services, "fresh", page=asked, page_size=10)

    assert (found.page, found.n_pages, found.n_decisions) == (page, 3, 24)
    assert len(found.decisions) == n_shown


def test_a_rollback_shows_as_the_newest_move(empty_desk: Services) -> None:
    settings = empty_desk.settings
    seed_model(
        settings.home,
        settings.models_dir,
        settings.ledger_url,
        "back",
        now=NOW,
        is_rolled_back=True,
    )

    detail = read(empty_desk, "back")

    assert detail.promotions[0].kind == "rollback"
    assert detail.summary.champion_version == detail.promotions[1].previous_version
    assert detail.summary.state == "fresh"
    assert "has not been measured yet" in detail.summary.state_sentence


def test_a_decision_leads_to_its_run_and_version(services: Services) -> None:
    decision = newest(services, "waiting_for_approval")

    detail = decision_detail(services, decision)

    version = decision.challenger_version
    assert detail.dag_id == "continual_training__waiting_for_approval"
    assert detail.mlflow_link == (
        f"http://127.0.0.1:5000/#/models/waiting_for_approval/versions/{version}"
    )
    assert detail.approval is not None
    assert detail.delivery is not None
    assert len(detail.drift) == 13


def test_a_run_id_is_one_segment_of_its_address(services: Services) -> None:
    decision = newest(services, "fresh").model_copy(update={"run_id": "manual__2026/03 ../?#"})

    assert run_link(decision) == (
        "/dags/continual_training__fresh/runs/manual__2026%2F03%20..%2F%3F%23"
    )


def test_without_a_server_there_is_no_link_to_mlflow(without_mlflow: Services) -> None:
    decision = newest(without_mlflow, "waiting_for_approval")

    assert decision_detail(without_mlflow, decision).mlflow_link == ""


def test_reports_are_linked_only_where_the_store_has_them(services: Services) -> None:
    decision = newest(services, "drifting").model_copy(
        update={"report_path": "reports/x/drift.html"}
    )
    store = Store.at(services.settings.store_uri)
    before = decision_detail(services, decision)

    store.write_bytes("reports/x/drift.html", b"<p>drift</p>")
    store.write_bytes(f"reports/drifting/{decision.batch}/data_docs/index.html", b"<p>docs</p>")
    after = decision_detail(services, decision)

    assert (before.report_link, before.docs_link) == ("", "")
    assert after.report_link == f"/evergreen/reports/{decision.id}"
    assert after.docs_link == f"/evergreen/data-docs/{decision.id}"


def test_a_store_that_does_not_answer_costs_the_links_only(services: Services) -> None:
    settings = replace(services.settings, store_uri="gone://nowhere")
    decision = newest(services, "drifting").model_copy(
        update={"report_path": "reports/x/drift.html"}
    )

    detail = decision_detail(Services(settings, services.ledger), decision)

    assert (detail.report_link, detail.docs_link) == ("", "")


def test_a_decision_shows_the_incidents_of_its_time(services: Services) -> None:
    (incident,) = services.ledger.details.incidents(("drifting",), limit=9, only_open=True)

    during = decision_detail(services, newest(services, "drifting"))
    before = decision_detail(services, services.ledger.decisions.history("drifting")[0])

    assert incident in during.incidents
    assert incident not in before.incidents


def test_an_incident_shows_its_messages_figures_and_runbook(services: Services) -> None:
    closed = next(
        i for i in services.ledger.details.incidents(("fresh",), limit=9) if not i.is_open
    )

    detail = incident_detail(services, closed.id)

    assert detail is not None
    assert [message.role for message in detail.messages] == ["opening", "closing"]
    assert detail.runbook == "drift"
    assert detail.points
    assert closed.closed_at is not None
    assert all(point.decided_at < closed.closed_at.replace(year=2027) for point in detail.points)
    assert incident_detail(services, 10**6) is None


def test_a_runbook_of_the_spec_wins(empty_desk: Services) -> None:
    settings = empty_desk.settings
    seed_model(settings.home, settings.models_dir, settings.ledger_url, "own", "drifting", now=NOW)
    file = settings.models_dir / "own" / "model.yaml"
    file.write_text(f"{file.read_text()}runbooks: {{drift: storms.md}}\n")
    with Ledger(settings.ledger_url) as ledger:
        incident = ledger.incidents.history("own")[0]

    detail = incident_detail(empty_desk, incident.id)

    assert detail is not None
    assert detail.runbook == "storms"
