"""M: MLflow is gone, hangs, loses replies or refuses; the champion stays, and a rerun mends."""

import re
import time
from pathlib import Path

import pytest

from drivers.mlflow_server import running_mlflow
from drivers.postgres_server import new_postgres, started
from evergreen.errors import RegistryError
from evergreen.registry.client import ModelRegistry
from faults.judged import ready_to_promote, register_file, through_proxy
from faults.table import Table
from faults.world import World
from standins.faulty_proxy import Fault, all_well, fail_each, fail_first

CREATE = "model-versions/create"
ALIAS = "registered-models/alias"
PUT_FILE = "artifacts/"
# One call is bounded by 20 s, twice that at the worst; a promotion makes about ten of them, but the
# first that fails ends it.
BOUND_SECONDS = 120


def third(_method: str, _path: str, n: int) -> str:
    return "500" if n % 3 == 0 else "pass"


def everything(mode: str) -> Fault:
    return lambda _method, _path, _n: mode


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(
            everything("refuse"), "could not be reached", id="gone", marks=pytest.mark.row("M01")
        ),
        pytest.param(
            everything("hang"),
            "did not answer get_registered_model in 20 s",
            id="hangs",
            marks=[pytest.mark.row("M02"), pytest.mark.faults],
        ),
        pytest.param(
            fail_each(ALIAS, "403"),
            "not permitted: set_registered_model_alias",
            id="403",
            marks=[pytest.mark.row("M10"), pytest.mark.faults],
        ),
        pytest.param(
            fail_each(ALIAS, "401"),
            "not permitted: set_registered_model_alias",
            id="401",
            marks=[pytest.mark.row("M10"), pytest.mark.faults],
        ),
        pytest.param(
            everything("500"),
            "failed at get_registered_model",
            id="500",
            marks=[pytest.mark.row("M01"), pytest.mark.faults],
        ),
        pytest.param(
            everything("truncate"),
            "MLflow at .* get_registered_model",
            id="cut replies",
            marks=[pytest.mark.row("M01"), pytest.mark.faults],
        ),
    ],
)
def test_a_registry_in_trouble_fails_the_promotion_in_time_and_clearing_mends_it(
    world: World, model_file: Path, fault: Fault, words: str
) -> None:
    run = ready_to_promote(world, model_file)
    world.proxy.fault = fault
    started = time.monotonic()

    assert world.play(run) == 0

    assert time.monotonic() - started < BOUND_SECONDS
    kept = world.read(run)
    assert kept.states["promote"] == "failed"
    assert re.search(words, kept.told["promote"][1])
    world.hold("", is_over=False)
    assert world.kinds().count("failed") == 1
    assert len(world.proxy.requests) < 12

    world.proxy.fault = all_well
    world.clear(run, "promote")
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("failed in time with its sentence; cleared: promoted", run)
    assert world.kinds().count("failed") == 1


@pytest.mark.parametrize(
    "mode",
    [
        "500_after",
        pytest.param("drop_after", marks=pytest.mark.faults),
        pytest.param("500", marks=pytest.mark.faults),
        pytest.param("slow", marks=pytest.mark.faults),
    ],
)
@pytest.mark.row("M03")
def test_a_lost_reply_of_create_ends_in_one_version(
    world: World, model_file: Path, mode: str
) -> None:
    run = ready_to_promote(world, model_file)
    before = len(world.context.registry.list_versions(world.name))
    world.proxy.fault = fail_first(CREATE, mode)

    made = register_file(through_proxy(world).registry, world.name, "k", model_file)

    assert len(world.context.registry.list_versions(world.name)) == before + 1
    assert made.version == "3"
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("one version", run)


@pytest.mark.faults
@pytest.mark.parametrize("mode", ["500_after", "drop_after"])
@pytest.mark.row("M03 alias")
def test_a_lost_reply_of_the_alias_is_one_promotion(
    world: World, model_file: Path, mode: str
) -> None:
    run = ready_to_promote(world, model_file)
    world.proxy.fault = fail_first(ALIAS, mode)

    assert world.play(run) == 0

    world.expected = "2"
    world.hold("one promotion", run)


@pytest.mark.faults
@pytest.mark.row("M05")
def test_with_every_third_request_failing_the_run_succeeds(world: World, model_file: Path) -> None:
    run = ready_to_promote(world, model_file)
    world.proxy.fault = third

    assert world.play(run) == 0

    world.expected = "2"
    world.hold("promoted at the first try", run)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(fail_each(PUT_FILE, "cut", "PUT"), r"model\.lgb .* damaged", id="cut"),
        pytest.param(
            fail_each(PUT_FILE, "403", "PUT"),
            r"not permitted: log_artifact model\.lgb",
            id="403",
        ),
    ],
)
@pytest.mark.faults
@pytest.mark.row("M07")
def test_an_upload_that_fails_makes_no_version_and_a_rerun_does(
    world: World, model_file: Path, fault: Fault, words: str
) -> None:
    run = ready_to_promote(world, model_file)
    before = world.context.registry.list_versions(world.name)
    context = through_proxy(world)
    world.proxy.fault = fault

    with pytest.raises(RegistryError, match=words):
        register_file(context.registry, world.name, "k", model_file)
    assert world.context.registry.list_versions(world.name) == before
    world.proxy.fault = all_well

    made = register_file(context.registry, world.name, "k", model_file)
    assert made.is_ready
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("no version, names the artifact; rerun: one", run)


@pytest.mark.faults
@pytest.mark.parametrize("status", ["PENDING_REGISTRATION", "FAILED_REGISTRATION"])
@pytest.mark.row("M09")
def test_a_version_that_is_not_ready_is_not_promoted(
    world: World, model_file: Path, status: str
) -> None:
    run = ready_to_promote(world, model_file)
    world.proxy.rewrite = lambda body: body.replace(b'"READY"', f'"{status}"'.encode())
    world.proxy.fault = lambda _method, path, _n: (
        "rewrite" if path.endswith("version=2") else "pass"
    )

    assert world.play(run) == 0

    assert "v2 is not READY" in world.read(run).told["promote"][1]
    world.hold("", is_over=False)
    world.proxy.fault = all_well
    world.clear(run, "promote")
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("refused; READY and cleared: promoted", run)


@pytest.mark.faults
@pytest.mark.row("M06")
def test_a_registry_without_its_database_says_so(
    tmp_path: Path, model_file: Path, case: str, table: Table
) -> None:
    database = new_postgres(tmp_path)
    service = started(database)
    try:
        with running_mlflow(tmp_path, store=database.create_database("mlflow")) as uri:
            registry = ModelRegistry(uri)
            register_file(registry, "m", "a", model_file)
            service.kill()
            with pytest.raises(RegistryError, match=r"failed at|did not answer") as caught:
                register_file(registry, "m", "b", model_file)
            service = started(database)
            made = register_file(registry, "m", "b", model_file)
            keys = [version.idempotency_key for version in registry.list_versions("m")]
    finally:
        service.kill()
        database.remove()

    assert (made.version, keys) == ("2", ["a", "b"])
    table.enter(case, f"{str(caught.value)[:50]}...; back: one version", {}, "I4")
