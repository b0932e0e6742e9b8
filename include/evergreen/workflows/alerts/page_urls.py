"""Addresses of our pages in Airflow's UI, for alerts; empty where the UI's address is unknown."""

from urllib.parse import quote, urlencode

from evergreen.data.batches import is_batch_id
from evergreen.workflows.ingest.quality_gate import docs_folder
from evergreen.workflows.model_context import Workbench

PAGES = "/evergreen"
ACT = "#act"


def decision_url(bench: Workbench, decision: str) -> str:
    """Give the page of a decision; empty for no decision."""
    return _page(bench, f"decisions/{quote(decision, safe='')}") if decision else ""


def report_url(bench: Workbench, decision: str, path: str) -> str:
    """Give the page of a decision's drift report, or else the place of the file in the store."""
    page = _page(bench, f"reports/{quote(decision, safe='')}") if decision else ""
    return page or bench.store.uri_of(path)


def docs_url(bench: Workbench, batch: str) -> str:
    """Give the page of a batch's Data Docs, or else the place of the file in the store."""
    page = _page(bench, f"data-docs/{quote(bench.spec.name, safe='')}/{quote(batch, safe='')}")
    return page or bench.store.uri_of(f"{docs_folder(bench.spec.name, batch)}/index.html")


def incident_url(bench: Workbench, incident_id: int) -> str:
    """Give the page of an incident."""
    return _page(bench, f"incidents/{incident_id}")


def runbook_url(bench: Workbench, kind: str, *, batch: str = "") -> str:
    """Give where a runbook can be read: its section about what to do, filled in where it can be.

    ``EVERGREEN_RUNBOOK_URL`` goes first: a copy that can be read while Airflow is down.

    Args:
        bench: The model's workbench; its spec may name a runbook of its own.
        kind: The kind of alert.
        batch: The batch that commands are about; empty, or no batch id: it stays open.
    """
    file = bench.spec.runbooks.get(kind, f"{kind}.md")
    if bench.settings.runbook_url:
        return f"{bench.settings.runbook_url}/{file}"
    known = {"model": bench.spec.name, "batch": batch if is_batch_id(batch) else ""}
    query = urlencode({name: value for name, value in known.items() if value})
    page = _page(bench, f"runbooks/{file.removesuffix('.md')}?{query}{ACT}")
    return page or f"include/runbooks/{file}"


def _page(bench: Workbench, path: str) -> str:
    base = bench.settings.airflow_url
    return f"{base}{PAGES}/{path}" if base else ""
