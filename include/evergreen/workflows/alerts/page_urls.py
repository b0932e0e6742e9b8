"""Addresses of our pages in Airflow's UI, for alerts; empty where the UI's address is unknown."""

from urllib.parse import quote, urlencode

from evergreen.data.batches import is_batch_id
from evergreen.workflows.ingest.quality_gate import docs_folder
from evergreen.workflows.model_context import ModelContext

PAGES = "/evergreen"
ACT = "#act"


def decision_url(context: ModelContext, decision: str) -> str:
    """Return the page of a decision; empty for no decision."""
    return _page(context, f"decisions/{quote(decision, safe='')}") if decision else ""


def report_url(context: ModelContext, decision: str, path: str) -> str:
    """Return the page of a decision's drift report, or else the place of the file in the store."""
    page = _page(context, f"reports/{quote(decision, safe='')}") if decision else ""
    return page or context.store.uri_of(path)


def docs_url(context: ModelContext, batch: str) -> str:
    """Return the page of a batch's Data Docs, or else the place of the file in the store."""
    page = _page(context, f"data-docs/{quote(context.spec.name, safe='')}/{quote(batch, safe='')}")
    return page or context.store.uri_of(f"{docs_folder(context.spec.name, batch)}/index.html")


def incident_url(context: ModelContext, incident_id: int) -> str:
    """Return the page of an incident."""
    return _page(context, f"incidents/{incident_id}")


def runbook_url(context: ModelContext, kind: str, *, batch: str = "") -> str:
    """Return where a runbook can be read: its section about what to do, filled in where it can be.

    ``EVERGREEN_RUNBOOK_URL`` goes first: a copy that can be read while Airflow is down.

    Args:
        context: The model's spec and adapters; its spec may name a runbook of its own.
        kind: The kind of alert.
        batch: The batch that commands are about; empty, or no batch id: it stays open.
    """
    file = context.spec.runbooks.get(kind, f"{kind}.md")
    if context.settings.runbook_url:
        return f"{context.settings.runbook_url}/{file}"
    known = {"model": context.spec.name, "batch": batch if is_batch_id(batch) else ""}
    query = urlencode({name: value for name, value in known.items() if value})
    page = _page(context, f"runbooks/{file.removesuffix('.md')}?{query}{ACT}")
    return page or f"include/runbooks/{file}"


def _page(context: ModelContext, path: str) -> str:
    base = context.settings.airflow_url
    return f"{base}{PAGES}/{path}" if base else ""
