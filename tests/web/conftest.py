"""One API server with FAB's logins for all of these tests."""

from collections.abc import Iterator

import pytest

from drivers.web_scene import Scene, running_scene
from drivers.web_server import Web


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("web")) as scene:
        yield scene


@pytest.fixture(scope="session")
def web(scene: Scene) -> Web:
    return scene.web
