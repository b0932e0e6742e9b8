"""Which pages there are to walk: their addresses below ``/evergreen``, by a name for each."""

from drivers.site import Site
from evergreen.ledger.records import Decision, Incident

COMMON = {
    "models": "/models",
    "models-searched": "/models?query=iny",
    "models-none": "/models?query=nothing+is+called+so",
    "models-filtered": "/models?state=no_data",
    "runbooks": "/runbooks",
    "runbook": "/runbooks/drift?model=tiny",
    "api": "/docs",
    "embedded-elsewhere": "/embed/dag/watchdog",
}


def pages_of(site: Site, model: str) -> dict[str, str]:
    """Return the pages about one model, with its newest decision and its newest incident."""
    dag, decision = f"continual_training__{model}", newest_decision(site, model)
    pages = {
        "model": f"/models/{model}",
        "decisions": f"/models/{model}/decisions",
        "decision": f"/decisions/{decision.id}",
        "embedded-dag": f"/embed/dag/{dag}",
        "embedded-run": f"/embed/run/{dag}/{decision.run_id}",
        "embedded-task": f"/embed/task/{dag}/decide",
        "embedded-other-dag": f"/embed/dag/ingest__{model}",
        "embedded-other-run": f"/embed/run/ingest__{model}/scheduled__1",
    }
    incidents = incidents_of(site, model)
    if incidents:
        pages["incident"] = f"/incidents/{incidents[-1].id}"
    return {f"{model}-{name}": path for name, path in pages.items()}


def newest_decision(site: Site, model: str) -> Decision:
    """Return the newest decision of a model."""
    return site.ledger.decisions.history(model)[-1]


def incidents_of(site: Site, model: str) -> list[Incident]:
    """Return the incidents of a model, oldest first."""
    return sorted(site.ledger.incidents.history(model), key=lambda one: one.id)
