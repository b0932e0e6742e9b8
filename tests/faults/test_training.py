"""L: the trainer runs out of memory, crashes, or has no accelerator."""

import os

import pytest

from drivers.history import run_about
from evergreen.errors import DeviceError, TrainingError
from evergreen.orchestration.dag_factory import training_resources
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.train import train
from faults.world import World

# Features of a user who asks for 60 GiB, or whose process is killed, while the file "on" is there.
BREAKS = """
from pathlib import Path
import os

def build_features(frame):
    if Path({flag!r}).exists():
        {what}
    return frame
"""
# Stands in for a driver: it lets LightGBM look as if it had CUDA, and fail as CUDA fails.
SITE = """
import sys, os
if "evergreen.training.child" in " ".join(sys.orig_argv):
    import lightgbm as lgb
    import evergreen.training.devices as devices
    import evergreen.training.fit as fit
    really = fit._train_on
    def train_on(device, *rest):
        if device == "cuda":
            {what}
        return really(device, *rest)
    fit.why_unavailable = lambda device: "" if device == "cuda" else "not here"
    fit._train_on = train_on
"""


def reload(world: World) -> ModelContext:
    """Return a model context that has read the model's folder anew."""
    folder = world.context.loaded.folder
    settings = world.context.settings
    return ModelContext(settings, load_spec(folder, home=settings.home), world.ledger)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("what", "words"),
    [
        pytest.param("bytearray(2**45)", "out of memory", id="asks for too much"),
        pytest.param("os.kill(os.getpid(), 9)", r"killed \(likely out of memory\)", id="killed"),
    ],
)
@pytest.mark.row("L01")
def test_a_trainer_without_memory_says_so_and_a_rerun_makes_one_version(
    world: World, what: str, words: str
) -> None:
    about = run_about(world.context, world.without_champion())
    flag = world.folder / "on"
    flag.touch()
    features = world.context.loaded.folder / "features.py"
    features.write_text(BREAKS.format(flag=str(flag), what=what))
    context = reload(world)

    with pytest.raises(TrainingError, match=words):
        train(context, about)
    world.hold("", is_over=False)
    flag.unlink()

    assert train(context, about).version == "1"
    world.hold("failed with its sentence, no version; rerun: one")


@pytest.mark.faults
@pytest.mark.row("L02 no accelerator")
def test_without_an_accelerator_the_cpu_trains_and_the_record_says_so(world: World) -> None:
    about = run_about(world.context, world.without_champion(), device="cuda")

    trained = train(world.context, about)

    entry = world.ledger.versions.get(world.name, str(trained.version))
    assert entry.trained.device == "cpu"
    assert entry.trained.device_reason.startswith("cuda: ")
    world.hold("CPU, and the record says why")


@pytest.mark.faults
@pytest.mark.row("L02 insists")
def test_a_spec_that_insists_on_an_accelerator_fails_without_one(world: World) -> None:
    about = run_about(world.context, world.without_champion(), device="cuda")
    file = world.context.loaded.folder / "model.yaml"
    lenient = file.read_text()
    file.write_text(lenient.replace("device: cpu}", "device: auto, on_missing_gpu: fail}"))

    with pytest.raises(DeviceError, match="no accelerator for device cuda: cuda: "):
        train(reload(world), about)

    assert world.context.registry.list_versions(world.name) == []
    file.write_text(lenient)
    assert train(reload(world), about).version == "1"
    world.hold("refused, no version; with cpu allowed: one")


@pytest.mark.faults
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        pytest.param("os.kill(os.getpid(), 11)", "cuda: crashed: ended by SIGSEGV", id="crash"),
        pytest.param(
            "raise lgb.basic.LightGBMError('CUDA error: out of memory')",
            "cuda: failed while training: CUDA error: out of memory",
            id="memory taken",
        ),
    ],
)
@pytest.mark.row("L02 L03 simulated")
def test_a_device_that_fails_while_training_is_given_up_and_named(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str, reason: str
) -> None:
    about = run_about(world.context, world.without_champion(), device="cuda")
    (world.folder / "sitecustomize.py").write_text(SITE.format(what=what))
    monkeypatch.setenv("PYTHONPATH", str(world.folder))

    trained = train(world.context, about).model

    assert trained.device == "cpu"
    assert reason in trained.device_reason
    assert children_of(os.getpid(), "evergreen.training.child") == []
    world.hold("CPU after it, and the record says why; no child left")


def children_of(pid: int, program: str) -> list[int]:
    import psutil

    everyone = psutil.Process(pid).children(recursive=True)
    return [one.pid for one in everyone if program in " ".join(one.cmdline())]


@pytest.mark.row("L04")
def test_trainers_share_a_pool(world: World) -> None:
    resources = training_resources(world.context.spec)

    assert (resources["pool"], resources["queue"]) == ("gpu", "gpu")
    assert resources["pool_slots"] >= 1
    world.hold("a second trainer waits for the pool `gpu`")


@pytest.mark.faults
@pytest.mark.row("L06")
def test_the_same_data_and_seed_give_the_same_file(world: World) -> None:
    batch = world.without_champion()
    made: list[str] = []
    for reason in ("first", "second"):
        # Another spec hash, but the same data, parameters and seed: another key, a fit of its own.
        file = world.context.loaded.folder / "model.yaml"
        file.write_text(file.read_text().replace("owner: ", f"owner: {reason}"))
        renewed = reload(world)
        made.append(train(renewed, run_about(renewed, batch)).sha256)

    assert made[0] == made[1]
    assert len(world.context.registry.list_versions(world.name)) == 2
    world.hold("same sha256 on the CPU")
