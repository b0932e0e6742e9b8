"""Addresses of MLflow's pages."""

from urllib.parse import quote


def version_url(server: str, model: str, version: str) -> str:
    """Return the page of a model version; empty where MLflow has no pages.

    Args:
        server: Address of MLflow's pages, without credentials; empty for none.
        model: Name of the registered model.
        version: Its version.
    """
    if not server:
        return ""
    return f"{server}/#/models/{quote(model, safe='')}/versions/{quote(version, safe='')}"
