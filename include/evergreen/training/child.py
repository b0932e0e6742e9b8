"""The child process: ``python -m evergreen.training.child FOLDER``.

Reads ``job.json`` from the folder, writes ``result.json`` there, and ``stage`` before each step
that may crash it. Dies with its parent. Not for people; ``run_child`` starts it.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Do one job."""
    folder = Path(sys.argv[1])
    order = json.loads((folder / "job.json").read_text())
    die_with(order["parent"])
    limit_resources(order["memory_limit_bytes"])
    answer = _answer(order["job"], folder)
    temporary = folder / "result.tmp"
    temporary.write_text(json.dumps(answer))
    temporary.replace(folder / "result.json")
    return 0 if "result" in answer else 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end now if it has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


def limit_resources(memory_limit_bytes: int | None) -> None:
    """Bound the address space, and leave no core dump of somebody's data."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_limit_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = (
            memory_limit_bytes if hard == resource.RLIM_INFINITY else min(memory_limit_bytes, hard)
        )
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(payload: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Do the job; give its result, or the error as class and text."""
    try:
        return {"result": _do(payload, folder)}
    except MemoryError:
        traceback.print_exc()
        text = "it ran out of memory; give it more, or take a shorter window"
        return {"error": {"kind": "TrainingError", "text": text}}
    except Exception as err:
        from evergreen.errors import EvergreenError

        traceback.print_exc()
        if isinstance(err, EvergreenError):
            return {"error": {"kind": type(err).__name__, "text": str(err)}}
        return {"error": {"kind": "TrainingError", "text": f"{type(err).__name__}: {err}"}}


def _import_lightgbm() -> None:
    """Import LightGBM without scikit-learn, which only its wrappers need: more than half its time.

    Afterwards scikit-learn can be imported as ever.
    """
    if "sklearn" in sys.modules or "lightgbm" in sys.modules:
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment] # an import of it fails
    try:
        import lightgbm  # noqa: F401 - for what comes after
    finally:
        del sys.modules["sklearn"]


def _do(payload: dict[str, Any], folder: Path) -> dict[str, Any]:
    _import_lightgbm()
    from evergreen.training.attribute import attribute
    from evergreen.training.fit import fit
    from evergreen.training.jobs import FitJob, ScoreJob
    from evergreen.training.score import score

    def stage(name: str) -> None:
        (folder / "stage").write_text(name)

    if payload["kind"] == "fit":
        return fit(FitJob.from_json(payload), stage).to_json()
    job = ScoreJob.from_json(payload)
    return (attribute if job.attribute_rows else score)(job, stage).to_json()


if __name__ == "__main__":
    sys.exit(main())
