"""Registers with Airflow what Evergreen adds to it; everything itself lives in the package."""

from airflow.plugins_manager import AirflowPlugin

from evergreen.orchestration import listener


class EvergreenPlugin(AirflowPlugin):
    """Evergreen's additions: a listener that tells of failed runs."""

    name = "evergreen"
    listeners = [listener]  # noqa: RUF012 - Airflow reads a plain class attribute
