"""Plays the stories that share one running suite, all at once, before the first of their tests."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import ModuleType
from typing import Any

import pytest

from drivers.shared_stack import SharedStack, running_shared_stack


@pytest.fixture(scope="session")
def stories(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, "Future[Any]"]:
    """Return what came of each story, by its name; the suite is stopped when all are over."""
    modules = _sharing(request.session)
    folder = tmp_path_factory.mktemp("shared")
    for module in modules:
        module.write_model(folder / "models")
    parts = tuple(module.PART for module in modules)
    with running_shared_stack(folder, folder / "models", parts) as shared:
        for module in modules:
            module.prepare(shared)
        return _played(modules, shared)


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, stories: dict[str, "Future[Any]"]) -> Any:
    return stories[request.module.PART.name].result()


def _sharing(session: pytest.Session) -> list[ModuleType]:
    """Return the modules of the tests that are to run whose stories can share a suite."""
    modules = {
        item.module.__name__: item.module for item in session.items if hasattr(item, "module")
    }
    return [module for module in modules.values() if hasattr(module, "PART")]


def _played(modules: list[ModuleType], shared: SharedStack) -> dict[str, "Future[Any]"]:
    """Play the stories, each in a thread; leave at once when we are stopped."""
    pool = ThreadPoolExecutor(len(modules), thread_name_prefix="story")
    futures = {module.PART.name: pool.submit(module.play_on, shared) for module in modules}
    try:
        wait(futures.values())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return futures
