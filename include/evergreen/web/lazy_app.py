"""The application that Airflow gets at start, and the places where Airflow shows its pages.

Every Airflow process loads the plugins: each task, each parse of a DAG file. Only the API server
answers requests, so the pages and their libraries are imported at the first request.
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

    It puts Airflow's own application into the request's scope (``AIRFLOW``), because actions use
    Airflow's API.
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
        """Return the application itself; it is made once, also if several threads ask at once."""
        from evergreen.web.app import create_app
        from evergreen.web.server.security_headers import SecureHeaders

        with self._making:
            if self._made is None:
                self._made = SecureHeaders(create_app())
        return self._made


def external_views(root: str) -> list[dict[str, str]]:
    """Return the places in Airflow's UI that show our pages; Airflow fills in the braces.

    Args:
        root: Path under which Airflow is served, without a slash at the end; usually empty.
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
