"""Credentials of outside systems by the id of their connection.

Production keeps them in Airflow. This room does not know Airflow: it asks what
``EVERGREEN_CONNECTIONS`` names, by default the class in ``orchestration`` that reads Airflow's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pkgutil import resolve_name
from typing import Any, Protocol, cast

from evergreen.errors import SettingsError
from evergreen.settings import read_settings


@dataclass(frozen=True)
class SlackAccess:
    """How to reach Slack: the bot token, and the API's address where it is not Slack's own."""

    token: str = field(repr=False)
    base_url: str | None


class Connections(Protocol):
    """Where credentials come from."""

    def s3_filesystem(self, connection_id: str) -> Any:
        """Return an fsspec file system for ``s3://`` with the credentials of a connection.

        Raises:
            StorageError: There is no such connection.
        """

    def slack(self, connection_id: str) -> SlackAccess:
        """Return how to reach Slack.

        Raises:
            NotifyError: There is no such connection.
        """


def connections() -> Connections:
    """Return where this installation keeps its credentials.

    Raises:
        SettingsError: ``EVERGREEN_CONNECTIONS`` names nothing that can be imported.
    """
    return _opened(read_settings().connections)


@cache
def _opened(name: str) -> Connections:
    try:
        factory = cast("Callable[[], Connections]", resolve_name(name))
    except (ImportError, AttributeError, ValueError) as err:
        raise SettingsError(
            f"EVERGREEN_CONNECTIONS is {name!r}, which cannot be imported ({err}); expected"
            " 'package.module:Class' of something with s3_filesystem() and slack()"
        ) from err
    return factory()
