"""Registers Evergreen's pages with Airflow; the classes live in the package."""

from airflow.plugins_manager import AirflowPlugin

from evergreen.web.app import PREFIX, create_app


class EvergreenPlugin(AirflowPlugin):
    """The suite inside Airflow's UI."""

    name = "evergreen"
    fastapi_apps = [{"name": "evergreen", "url_prefix": PREFIX, "app": create_app()}]  # noqa: RUF012
    external_views = [  # noqa: RUF012 - Airflow reads plain class attributes
        {
            "name": "Models",
            "href": f"{PREFIX}/models",
            "destination": "nav",
            "url_route": "evergreen",
        }
    ]
