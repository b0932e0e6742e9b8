"""Security 13-15: what lies in the registry is bytes; nothing of it is loaded, imported or run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.crafted_models import with_first, with_value
from drivers.history import reign
from evergreen.errors import EvergreenError, ModelFileError
from evergreen.workflows.decide.score import registered_scorer, score_and_log
from faults.world import World

TESTS = Path(__file__).parents[1]
slow = pytest.mark.faults


def pickled_command(marker: Path) -> bytes:
    """Return what runs a command when it is unpickled, written by hand: protocol 0."""
    return f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()


@pytest.fixture
def store(world: World, model_file: Path, mlflow_artifacts: Path) -> Path:
    """A champion, and the folder of its run in the artifact store."""
    world.without_champion()
    made = reign(world.context, model_file)
    world.expected = made.version
    (folder,) = mlflow_artifacts.glob(f"*/{made.run_id}/artifacts")
    return folder


@pytest.mark.row("S14 beside the model")
def test_planted_code_beside_the_model_is_not_even_fetched(world: World, store: Path) -> None:
    marker = world.folder / "ran"
    touch = f"open({str(marker)!r}, 'w')\n"
    for name in ("code/lightgbm.py", "code/evil.py", "lightgbm.py", "sitecustomize.py"):
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).write_text(touch)
    (store / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: evil\n    code: code\n"
        "    data: ../../x\n  sklearn: {pickled_model: model.pkl}\n"
    )
    (store / "model.pkl").write_bytes(pickled_command(marker))
    place = world.folder / "fetched"
    place.mkdir()

    registered_scorer(
        world.context.spec.name, world.context.ledger, world.context.registry, "1", place
    )
    scored = score_and_log(world.context, "2024-02-05")

    assert [file.name for file in place.iterdir()] == ["model.lgb"]
    assert scored is not None
    assert scored.n_rows == 400
    assert not marker.exists()
    world.hold("only model.lgb is fetched; nothing ran")


def with_pickle(store: Path, marker: Path) -> None:
    (store / "model.lgb").write_bytes(pickled_command(marker))


def with_link(store: Path, _marker: Path) -> None:
    (store / "model.lgb").unlink()
    (store / "model.lgb").symlink_to("/etc/hostname")


def with_link_outside(store: Path, _marker: Path) -> None:
    (store / "model.lgb").unlink()
    (store / "model.lgb").symlink_to("../../../../../../mlflow.db")


def with_folder(store: Path, marker: Path) -> None:
    (store / "model.lgb").unlink()
    (store / "model.lgb").mkdir()
    (store / "model.lgb" / "__init__.py").write_text(f"open({str(marker)!r}, 'w')\n")


def cut(store: Path, _marker: Path) -> None:
    os.truncate(store / "model.lgb", (store / "model.lgb").stat().st_size // 2)


def huge(store: Path, _marker: Path) -> None:
    os.truncate(store / "model.lgb", 3 << 30)


def gone(store: Path, _marker: Path) -> None:
    (store / "model.lgb").unlink()


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        pytest.param(with_pickle, "it was replaced after it was registered", id="pickle"),
        pytest.param(
            cut, "it was replaced after it was registered", id="cut", marks=pytest.mark.faults
        ),
        pytest.param(
            huge, "3,072 MiB, at most 1,024 are taken", id="huge", marks=pytest.mark.faults
        ),
        pytest.param(with_folder, "a folder, not a file", id="folder"),
        pytest.param(with_link, "sha256|MLflow at", id="link", marks=slow),
        pytest.param(
            with_link_outside, "sha256|MLflow at", id="link outside", marks=pytest.mark.faults
        ),
        pytest.param(gone, "MLflow at", id="gone", marks=slow),
    ],
)
@pytest.mark.row("S14")
def test_a_model_file_that_was_replaced_is_refused_with_a_sentence(
    world: World, store: Path, plant: Callable[[Path, Path], None], words: str
) -> None:
    kept = (store / "model.lgb").read_bytes()
    marker = world.folder / "ran"
    plant(store, marker)

    with pytest.raises(EvergreenError, match=words) as caught:
        score_and_log(world.context, "2024-02-05")

    assert "model.lgb" in str(caught.value)
    assert not marker.exists()
    assert world.ledger.batches.predictions(world.name) == []
    put_back(store, kept)
    assert score_and_log(world.context, "2024-02-05") is not None
    world.hold(f"refused: {type(caught.value).__name__}; put back: scored")


def put_back(store: Path, kept: bytes) -> None:
    file = store / "model.lgb"
    if file.is_dir():
        for inside in file.iterdir():
            inside.unlink()
        file.rmdir()
    file.unlink(missing_ok=True)
    file.write_bytes(kept)


@pytest.mark.parametrize(
    ("craft", "words"),
    [
        pytest.param(
            lambda text: with_first(text, "split_feature", "77770"),
            "tree 0: split_feature outside the 2 features",
            id="followed out of the row",
        ),
        pytest.param(
            lambda text: with_value(text, "left_child", " ".join("0" * 30)),
            "tree 0: its children make no tree of 31 leaves",
            id="without an end",
            marks=slow,
        ),
    ],
)
@pytest.mark.row("S15")
def test_a_file_that_the_ledger_vouches_for_is_not_trusted(
    world: World, store: Path, model_file: Path, craft: Callable[[str], str], words: str
) -> None:
    crafted = world.folder / "crafted.lgb"
    crafted.write_text(craft(model_file.read_text()))
    world.expected = reign(world.context, crafted).version

    with pytest.raises(ModelFileError, match=words):
        score_and_log(world.context, "2024-02-05")

    assert world.ledger.batches.predictions(world.name) == []
    world.hold("refused before any score; this process lives")


def events_of(log: Path, environment: dict[str, str], *command: str) -> list[dict[str, str]]:
    """Run a command with the audit hook in it and in all that it starts; give what was noted."""
    subprocess.run(
        [sys.executable, *command],
        env={
            **os.environ,
            **environment,
            "EVERGREEN_TEST_EVENTS": str(log),
            "PYTHONPATH": f"{TESTS / 'standins' / 'audit'}:{TESTS}",
        },
        check=True,
    )
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_an_unpickling_of_ours_would_be_seen(tmp_path: Path) -> None:
    evil = tmp_path / "evergreen" / "evil.py"
    evil.parent.mkdir()
    evil.write_text(f"import pickle\npickle.loads({pickled_command(tmp_path / 'ran')!r})\n")

    events = events_of(tmp_path / "events", {}, str(evil))

    assert (tmp_path / "ran").exists()
    assert [one["event"] for one in events] == ["began", "pickle.find_class"]


@pytest.mark.faults
@pytest.mark.row("S13")
def test_a_whole_run_unpickles_nothing(world: World, model_file: Path, tmp_path: Path) -> None:
    run = world.run(world.with_champion(model_file))

    events = events_of(
        tmp_path / "events", dict(world.environment), "-m", "drivers.killable", str(run.file)
    )

    world.expected = "2"
    processes = {one["pid"] for one in events if one["event"] == "began"}
    assert len(processes) >= 4  # the run, its fit, and both models' scores
    assert [one for one in events if one["event"] != "began"] == []
    world.hold(f"{len(processes)} processes, 0 unpickled on our behalf", run)
