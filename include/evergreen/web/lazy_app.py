"""What Airflow is handed at start: an application that is not there yet, and where it is shown.

Every Airflow process loads the plugins: each task, each parse of a DAG file. Only the API server
ever answers a request, so only there, and only then, the pages and what they need are imported.
"""

import asyncio
from threading import Lock
from typing import TYPE_CHECKING

from evergreen.web.server.asgi import AIRFLOW, Receive, Scope, Send
from evergreen.web_addresses import PREFIX

if TYPE_CHECKING:
    from evergreen.web.server.security_headers import SecureHeaders


class LazyApp:
    """The application, made at the first request.

    It keeps Airflow's own application at hand in the request's scope (``AIRFLOW``), because actions
    go through Airflow's API.
    """

    def __init__(self) -> None:
        self._made: SecureHeaders | None = None
        self._making = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        made = self._made
        if made is None:
            made = await asyncio.to_thread(self.make)
        await made({**scope, AIRFLOW: scope.get("app")}, receive, send)

    def make(self) -> "SecureHeaders":
        """Return the application itself; it is made once, however many ask at the same time."""
        from evergreen.web.app import create_app
        from evergreen.web.server.security_headers import SecureHeaders

        with self._making:
            if self._made is None:
                self._made = SecureHeaders(create_app())
        return self._made


def external_views(root: str) -> list[dict[str, str]]:
    """Return where Airflow's UI shows our pages; it fills in what stands in braces.

    Args:
        root: Path under which Airflow is served, without a slash at the end; mostly empty.
    """
    pages = f"{root}{PREFIX}"
    shown = (
        ("Models", "nav", "evergreen", "models"),
        ("Evergreen", "dag", "evergreen-dag", "embed/dag/{DAG_ID}"),
        ("Evergreen", "dag_run", "evergreen-run", "embed/run/{DAG_ID}/{RUN_ID}"),
        ("Evergreen", "task", "evergreen-task", "embed/task/{DAG_ID}/{TASK_ID}"),
        ("Evergreen", "task_instance", "evergreen-try", "embed/run/{DAG_ID}/{RUN_ID}"),
    )
    return [
        {
            "name": name,
            "destination": destination,
            "url_route": route,
            "href": f"{pages}/{page}",
            "icon": f"{pages}/static/icon.svg",
            "icon_dark_mode": f"{pages}/static/icon-dark.svg",
        }
        for name, destination, route, page in shown
    ]
