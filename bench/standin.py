"""The real application without Airflow around it: a user of Airflow's own, who may read all."""

import contextlib
from collections.abc import Iterator
from unittest.mock import patch

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from evergreen.web.app import create_app

USER = SimpleAuthManagerUser(username="bench", role="admin")


@contextlib.contextmanager
def logged_in() -> Iterator[TestClient]:
    """Return a client of the application for a ``with`` block; rights are checked as ever."""
    app = create_app()
    manager = SimpleAuthManager()  # type: ignore[no-untyped-call]  # Airflow's, without types
    app.dependency_overrides[get_user] = lambda: USER
    with patch("evergreen.web.server.authorization.get_auth_manager", return_value=manager):
        yield TestClient(app)
