"""What several rooms' tests share: one real MLflow server per session, started when first asked."""

from collections.abc import Iterator

import pytest

from drivers.mlflow_server import running_mlflow


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri
