"""ModelRegistry against servers that fail: bounded time, clear words, one version."""

import time
from pathlib import Path
from typing import Any

import pytest

from evergreen.errors import RegistryError
from evergreen.registry.client import ModelRegistry
from standins.faulty_proxy import fail_first

CREATE = "model-versions/create"


def make_file(folder: Path) -> Path:
    path = folder / "fitted.txt"
    path.write_text("tree\n" + "x" * 1000)
    return path


def register(registry: ModelRegistry, model: str, file: Path) -> Any:
    return registry.register(
        model, idempotency_key="key", model_file=file, tags={}, metrics={}, params={}
    )


@pytest.mark.parametrize("mode", ["500_after", "drop_after", "500"])
def test_a_lost_reply_of_create_ends_in_one_version(
    proxy: Any, mlflow_uri: str, model: str, tmp_path: Path, mode: str
) -> None:
    proxy.fault = fail_first(CREATE, mode)

    made = register(ModelRegistry(proxy.uri, timeout_seconds=60), model, make_file(tmp_path))

    assert made.version == "1"
    assert ModelRegistry(mlflow_uri).list_versions(model) == [made]
    assert proxy.count(CREATE) == (2 if mode == "500" else 1)


def test_every_third_request_may_fail(proxy: Any, model: str, tmp_path: Path) -> None:
    proxy.fault = lambda _verb, _path, n: "500" if n % 3 == 0 else "pass"
    registry = ModelRegistry(proxy.uri, timeout_seconds=60)

    made = register(registry, model, make_file(tmp_path))
    registry.set_alias(model, "champion", made.version)

    assert registry.get_alias(model, "champion") == made
    assert len(registry.list_versions(model)) == 1


def test_a_cut_upload_registers_nothing_and_a_rerun_recovers(
    proxy: Any, model: str, tmp_path: Path
) -> None:
    registry = ModelRegistry(proxy.uri, timeout_seconds=60)
    proxy.fault = lambda verb, _path, _n: "cut" if verb == "PUT" else "pass"

    with pytest.raises(RegistryError, match=r"model\.lgb .* damaged"):
        register(registry, model, make_file(tmp_path))
    assert registry.list_versions(model) == []
    proxy.fault = lambda _verb, _path, _n: "pass"

    assert register(registry, model, make_file(tmp_path)).version == "1"


def test_a_forbidden_artifact_store_is_named(proxy: Any, model: str, tmp_path: Path) -> None:
    registry = ModelRegistry(proxy.uri, timeout_seconds=60)
    proxy.fault = lambda verb, _path, _n: "403" if verb == "PUT" else "pass"

    with pytest.raises(RegistryError, match=r"not permitted: log_artifact model\.lgb") as caught:
        register(registry, model, make_file(tmp_path))

    assert caught.value.is_permanent
    assert registry.list_versions(model) == []


@pytest.mark.parametrize("status", ["401", "403"])
def test_missing_rights_are_named_and_not_retried(proxy: Any, status: str) -> None:
    proxy.fault = lambda _verb, _path, _n: status
    registry = ModelRegistry(proxy.uri)

    with pytest.raises(RegistryError, match="not permitted: set_registered_model_alias") as caught:
        registry.set_alias("flights", "champion", "1")

    assert caught.value.is_permanent
    assert len(proxy.requests) == 1


def test_a_closed_port_fails_soon_and_hides_the_password(closed_port: int) -> None:
    registry = ModelRegistry(f"http://bob:s3cret@127.0.0.1:{closed_port}")
    started = time.monotonic()

    with pytest.raises(
        RegistryError, match="could not be reached for get_registered_model"
    ) as caught:
        registry.get_alias("flights", "champion")

    assert time.monotonic() - started < 60
    assert not caught.value.is_permanent
    assert "s3cret" not in str(caught.value)
    assert f"127.0.0.1:{closed_port}" in str(caught.value)


def test_a_server_that_never_answers_is_given_up_on_once(proxy: Any) -> None:
    proxy.fault = lambda _verb, _path, _n: "hang"
    registry = ModelRegistry(proxy.uri, timeout_seconds=1)

    with pytest.raises(RegistryError, match="did not answer get_registered_model in 1 s"):
        registry.get_alias("flights", "champion")

    assert len(proxy.requests) == 1


def test_a_500_is_retried_and_then_told(proxy: Any) -> None:
    proxy.fault = lambda _verb, _path, _n: "500"
    registry = ModelRegistry(proxy.uri, max_retries=1)

    with pytest.raises(RegistryError, match="failed at get_model_version") as caught:
        registry.get_version("flights", "1")

    assert len(proxy.requests) == 2
    assert not caught.value.is_permanent


def test_a_page_that_is_not_mlflow_is_not_taken_for_an_empty_registry(proxy: Any) -> None:
    proxy.forward = lambda *_args: (404, "text/html", b"<h1>nothing here</h1>")
    registry = ModelRegistry(proxy.uri)

    with pytest.raises(RegistryError, match="refused get_registered_model"):
        registry.get_alias("flights", "champion")
