"""The types of an ASGI application, and where Airflow's own application stands in a request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

AIRFLOW = "evergreen.airflow"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
