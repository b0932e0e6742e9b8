"""Real child processes: they answer, or they are gone and we know why."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.crafted_models import with_first, with_leaves, with_value
from evergreen.errors import DataError, ModelFileError, TrainingError, TrainingTimeoutError
from evergreen.training.files import text_sha256
from evergreen.training.process import run_child

LIMIT = 300.0
PID = (
    "    import os, pathlib\n"
    "    pathlib.Path(__file__).with_name("
    "'pid').write_text(str(os.getpid()))\n"
)
SLEEP = PID + "    import time\n    time.sleep(600)\n"


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_pid(folder: Path) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((folder / "pid").read_text())
        time.sleep(0.05)
    pytest.fail("the child did not start")


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_fit_and_score_in_children(workshop: Any) -> None:
    model = run_child(workshop.fit_job(), time_limit_seconds=LIMIT)
    scores = run_child(
        workshop.score_job(sha256=model.sha256, keep_columns=("flight_id",)),
        time_limit_seconds=LIMIT,
    )

    assert model.sha256 == text_sha256(model.path.read_bytes())
    assert pq.read_table(scores.path).column_names == ["flight_id", "score"]


def test_errors_of_the_child_come_back_as_themselves(workshop: Any) -> None:
    job = workshop.fit_job(workshop.table(late=[0, 1, 2] * 200))

    with pytest.raises(DataError, match="neither 0 nor 1"):
        run_child(job, time_limit_seconds=LIMIT)


def test_past_the_limit_the_child_is_killed_and_the_seconds_are_told(workshop: Any) -> None:
    job = workshop.fit_job(features_file=workshop.features_file(SLEEP))

    with pytest.raises(TrainingTimeoutError, match="limit of 15 s and was killed"):
        run_child(job, time_limit_seconds=15)

    wait_until_gone(wait_for_pid(workshop.folder))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("    import os; os.kill(os.getpid(), 9)\n", "likely out of memory", id="KILL"),
        pytest.param("    import os; os.kill(os.getpid(), 11)\n", "SIGSEGV", id="SEGV"),
        pytest.param("    import os; os.abort()\n", "SIGABRT", id="ABRT"),
        pytest.param("    import os; print('bye'); os._exit(3)\n", "exit code 3", id="exit"),
        pytest.param("    raise SystemExit(4)\n", "exit code 4", id="SystemExit"),
    ],
)
def test_a_child_that_dies_is_told_from_one_that_answers(
    workshop: Any, body: str, words: str
) -> None:
    job = workshop.fit_job(features_file=workshop.features_file(body))

    with pytest.raises(TrainingError, match=words):
        run_child(job, time_limit_seconds=LIMIT)


def test_what_the_child_printed_last_is_in_the_error(workshop: Any) -> None:
    body = "    import os\n    print('the last words', flush=True)\n    os._exit(3)\n"
    job = workshop.fit_job(features_file=workshop.features_file(body))

    with pytest.raises(TrainingError, match="the last words"):
        run_child(job, time_limit_seconds=LIMIT)


def test_what_a_child_has_started_is_gone_with_it(workshop: Any) -> None:
    body = (
        "    import pathlib, subprocess\n"
        "    started = subprocess.Popen(['sleep', '600'])\n"
        "    pathlib.Path(__file__).with_name('pid').write_text(str(started.pid))\n"
        "    return frame\n"
    )
    job = workshop.fit_job(features_file=workshop.features_file(body))

    run_child(job, time_limit_seconds=LIMIT)

    wait_until_gone(wait_for_pid(workshop.folder))


def test_a_memory_limit_ends_in_a_sentence(workshop: Any) -> None:
    body = "    big = bytearray(20 * 2**30)\n    return frame\n"
    job = workshop.fit_job(features_file=workshop.features_file(body))

    with pytest.raises(TrainingError, match="out of memory"):
        run_child(job, time_limit_seconds=LIMIT, memory_limit_bytes=8 * 2**30)


def test_enough_memory_under_a_limit_is_enough(workshop: Any) -> None:
    got = run_child(workshop.fit_job(), time_limit_seconds=LIMIT, memory_limit_bytes=16 * 2**30)

    assert got.n_rows == 600


def test_a_crash_on_an_accelerator_is_done_again_on_the_cpu(workshop: Any) -> None:
    job = workshop.fit_job(device="auto")
    crasher = workshop.folder / "site"
    crasher.mkdir()
    # Stands in for a driver that crashes: probing cuda ends the process.
    (crasher / "sitecustomize.py").write_text(
        "import sys, os\n"
        "if 'evergreen.training.child' in ' '.join(sys.orig_argv):\n"
        "    import evergreen.training.devices as d\n"
        "    really = d.why_unavailable\n"
        "    d.why_unavailable = lambda n: os.kill(os.getpid(), 11) if n == 'cuda' else really(n)\n"
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(crasher))
        got = run_child(job, time_limit_seconds=LIMIT)

    assert "cuda: crashed: ended by SIGSEGV" in got.device_reason
    assert got.device in ("cpu", "gpu")


@pytest.mark.parametrize(
    "craft",
    [
        pytest.param(lambda t: t[: t.index("Tree=5") + 99] + t[t.index("\nend of") :], id="cut"),
        pytest.param(lambda t: t.replace("left_child=", "left_child=9"), id="sizes"),
        pytest.param(lambda t: with_first(t, "split_feature", "77770"), id="feature"),
        pytest.param(lambda t: with_value(t, "left_child", "0 0 0 0 0 0"), id="loop"),
        pytest.param(lambda t: with_value(t, "num_leaves", "2000000000"), id="huge"),
    ],
)
def test_a_crafted_model_file_leaves_the_parent_alive(workshop: Any, craft: Any) -> None:
    model = run_child(workshop.fit_job(), time_limit_seconds=LIMIT)
    text = craft(model.path.read_text())
    model.path.write_text(text)
    job = workshop.score_job(sha256=text_sha256(text.encode()))

    with pytest.raises(ModelFileError, match=f"{job.model_file} is not a whole LightGBM text"):
        run_child(job, time_limit_seconds=LIMIT)


@pytest.mark.parametrize("call", ["__init__", "predict"])
def test_a_model_that_crashes_lightgbm_leaves_the_parent_alive(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    model = run_child(workshop.fit_job(), time_limit_seconds=LIMIT)
    crasher = workshop.folder / "site"
    crasher.mkdir()
    # Stands in for a fault of LightGBM that a model can reach.
    (crasher / "sitecustomize.py").write_text(
        "import os\nimport lightgbm as lgb\n"
        f"lgb.Booster.{call} = lambda *_, **__: os.kill(os.getpid(), 11)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(crasher))

    with pytest.raises(ModelFileError) as caught:
        run_child(workshop.score_job(sha256=model.sha256), time_limit_seconds=LIMIT)

    assert str(caught.value) == (
        f"LightGBM crashed (ended by SIGSEGV) on {model.path}; the file is damaged or was made to"
        " do so: do not use it"
    )


def test_scores_that_are_not_probabilities_are_refused(workshop: Any) -> None:
    model = run_child(workshop.fit_job(), time_limit_seconds=LIMIT)
    text = with_leaves(model.path.read_text(), lambda _: float("nan"))
    model.path.write_text(text)

    with pytest.raises(ModelFileError, match="600 of 600 scores of"):
        run_child(workshop.score_job(sha256=text_sha256(text.encode())), time_limit_seconds=LIMIT)

    assert not (workshop.folder / "scores.parquet").exists()


# A shell that starts us in the background lets us ignore SIGINT, and what we start inherits that.
PARENT = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from evergreen.training.jobs import FitJob
from evergreen.training.process import run_child
run_child(FitJob.from_json(json.loads(sys.argv[1])), time_limit_seconds=500)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_does_not_outlive_its_parent(workshop: Any, number: signal.Signals) -> None:
    job = workshop.fit_job(features_file=workshop.features_file(SLEEP))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(job.to_json())], stderr=subprocess.DEVNULL
    )
    child = wait_for_pid(workshop.folder)
    assert is_alive(child)

    os.kill(parent.pid, number)
    parent.wait(timeout=60)

    assert parent.returncode != 0
    wait_until_gone(child)


@pytest.fixture
def _heeds_sigint() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt here, even where a shell told us to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeds_sigint")
def test_an_exception_in_the_parent_kills_the_child(workshop: Any) -> None:
    job = workshop.fit_job(features_file=workshop.features_file(SLEEP))

    def interrupt() -> None:
        wait_for_pid(workshop.folder)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_child(job, time_limit_seconds=LIMIT)
    thread.join()

    wait_until_gone(wait_for_pid(workshop.folder))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
