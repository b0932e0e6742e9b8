"""A proxy in front of a real MLflow server that breaks on request."""

from collections.abc import Iterator

import pytest

from drivers.mlflow_server import free_port
from standins.faulty_proxy import FaultyProxy


@pytest.fixture
def proxy(mlflow_uri: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(mlflow_uri) as running:
        yield running


@pytest.fixture
def closed_port() -> int:
    return free_port()


@pytest.fixture
def model(request: pytest.FixtureRequest) -> str:
    """A model name of this test's own."""
    return "m_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:60]
