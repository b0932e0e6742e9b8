"""Registers Evergreen's pages with Airflow; the classes live in the package."""

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from evergreen.web.lazy_app import LazyApp, external_views
from evergreen.web_addresses import PREFIX

ROOT = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


class EvergreenPlugin(AirflowPlugin):
    """The suite inside Airflow's UI."""

    name = "evergreen"
    # Airflow reads plain class attributes.
    fastapi_apps = [{"name": name, "url_prefix": PREFIX, "app": LazyApp()}]  # noqa: RUF012
    external_views = external_views(ROOT)
