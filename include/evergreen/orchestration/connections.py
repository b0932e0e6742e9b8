"""Airflow's connections, as the source of the suite's credentials."""

from typing import Any

from evergreen.errors import NotifyError
from evergreen.workflows.connections import SlackAccess


class AirflowConnections:
    """Reads credentials from Airflow: its database, environment or secrets backend."""

    def s3_filesystem(self, connection_id: str) -> Any:
        """Return an fsspec file system for ``s3://`` with the credentials of a connection."""
        from airflow.providers.amazon.aws.fs.s3 import get_fs

        return get_fs(connection_id)

    def slack(self, connection_id: str) -> SlackAccess:
        """Return how to reach Slack.

        Raises:
            NotifyError: Airflow did not give the connection.
        """
        from airflow.sdk import Connection
        from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

        try:
            connection = Connection.get(connection_id)
        except (AirflowException, AirflowRuntimeError) as err:
            raise NotifyError(
                f"Airflow did not give the connection {connection_id!r}; add it with the bot token"
                " as its password"
            ) from err
        return SlackAccess(connection.password or "", connection.extra_dejson.get("base_url"))
