"""Addresses of our pages in Airflow's UI, for alerts; empty where the UI's address is unknown."""

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from evergreen.data.batches import is_batch_id
from evergreen.settings import Settings
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.quality_gate import docs_folder
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.storage.store import Store

PAGES = "/evergreen"
ACT = "#act"


def decision_url(settings: Settings, decision: str) -> str:
    """Return the page of a decision; empty for no decision."""
    return _page(settings, f"decisions/{quote(decision, safe='')}") if decision else ""


def report_url(store: "Store", settings: Settings, decision: str, path: str) -> str:
    """Return the page of a decision's drift report, or else the place of the file in the store."""
    page = _page(settings, f"reports/{quote(decision, safe='')}") if decision else ""
    return page or store.uri_of(path)


def docs_url(context: ModelContext, batch: str) -> str:
    """Return the page of a batch's Data Docs, or else the place of the file in the store."""
    page = _page(
        context.settings, f"data-docs/{quote(context.spec.name, safe='')}/{quote(batch, safe='')}"
    )
    return page or context.store.uri_of(f"{docs_folder(context.spec.name, batch)}/index.html")


def incident_url(settings: Settings, incident_id: int) -> str:
    """Return the page of an incident."""
    return _page(settings, f"incidents/{incident_id}")


def runbook_url(spec: ModelSpec, settings: Settings, kind: str, *, batch: str = "") -> str:
    """Return where a runbook can be read: its section about what to do, filled in where it can be.

    ``EVERGREEN_RUNBOOK_URL`` goes first: a copy that can be read while Airflow is down.

    Args:
        spec: The model's; it may name a runbook of its own.
        settings: Of the installation.
        kind: The kind of alert.
        batch: The batch that commands are about; empty, or no batch id: it stays open.
    """
    file = spec.runbooks.get(kind, f"{kind}.md")
    if settings.runbook_url:
        return f"{settings.runbook_url}/{file}"
    known = {"model": spec.name, "batch": batch if is_batch_id(batch) else ""}
    query = urlencode({name: value for name, value in known.items() if value})
    page = _page(settings, f"runbooks/{file.removesuffix('.md')}?{query}{ACT}")
    return page or f"include/runbooks/{file}"


def _page(settings: Settings, path: str) -> str:
    base = settings.airflow_url
    return f"{base}{PAGES}/{path}" if base else ""
