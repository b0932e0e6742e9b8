import pytest

from drivers.telling import make_alert
from evergreen.settings import read_settings
from evergreen.workflows.alerts.incident_flow import raise_alert
from evergreen.workflows.alerts.page_urls import docs_url, incident_url, report_url, runbook_url
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

BATCH = "2024-02-05"


def configure(context: ModelContext, monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"EVERGREEN_{name}", value)
    context.settings = read_settings()


def test_links_lead_to_our_pages_in_airflow(
    context: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(context, monkeypatch, AIRFLOW_URL="https://airflow.example/")

    report = report_url(context.store, context.settings, "5f2b", "reports/x.html")

    found = dict(
        links(context.spec, context.settings, "drift", batch=BATCH, decision="5f2b", report=report)
    )

    name = context.spec.name
    assert found == {
        "runbook": f"https://airflow.example/evergreen/runbooks/drift?model={name}&batch={BATCH}#act",
        "decision": "https://airflow.example/evergreen/decisions/5f2b",
        "report": "https://airflow.example/evergreen/reports/5f2b",
    }


def test_without_airflows_address_the_places_of_the_files_are_named(context: ModelContext) -> None:
    report = report_url(context.store, context.settings, "5f2b", "reports/x.html")

    found = dict(
        links(context.spec, context.settings, "drift", batch=BATCH, decision="5f2b", report=report)
    )

    assert found == {
        "runbook": "include/runbooks/drift.md",
        "report": context.store.uri_of("reports/x.html"),
    }


def test_data_docs_are_read_in_airflow_or_else_in_the_store(
    context: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = context.spec.name
    stored = context.store.uri_of(f"reports/{name}/{BATCH}/data_docs/index.html")

    assert docs_url(context, BATCH) == stored

    configure(context, monkeypatch, AIRFLOW_URL="https://airflow.example")
    assert docs_url(context, BATCH) == f"https://airflow.example/evergreen/data-docs/{name}/{BATCH}"


def test_a_copy_of_the_runbooks_goes_before_the_page(
    context: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(
        context, monkeypatch, AIRFLOW_URL="https://airflow.example", RUNBOOK_URL="https://wiki/ops/"
    )

    assert (
        runbook_url(context.spec, context.settings, "drift", batch=BATCH)
        == "https://wiki/ops/drift.md"
    )


def test_what_is_no_batch_is_not_put_into_the_commands(
    context: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(context, monkeypatch, AIRFLOW_URL="https://airflow.example")

    url = runbook_url(
        context.spec, context.settings, "failed", batch="manual__2024-02-05T00:00:00+00:00"
    )

    assert url.endswith(f"/evergreen/runbooks/failed?model={context.spec.name}#act")


def test_the_first_message_of_a_thread_leads_to_its_incident(
    context: ModelContext, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(context, monkeypatch, AIRFLOW_URL="https://airflow.example")

    raise_alert(context, make_alert(context))

    (incident,) = context.ledger.incidents.open_of(context.spec.name)
    shown = slack.threads[0].root["blocks"][-1]["elements"][0]["text"]
    assert f"<{incident_url(context.settings, incident.id)}|incident>" in shown
