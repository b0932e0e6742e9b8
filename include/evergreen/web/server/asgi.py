"""The types of an ASGI application, and the key of Airflow's own application in a request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

AIRFLOW = "evergreen.airflow"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
