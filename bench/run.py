"""Measure the drift engine beside Evidently: ``make bench``, or ``make bench BENCH=quick``.

Every figure is a median over fresh processes of this very run, with imports and the first call
counted; peers run on the same files, just written and so in the page cache. Progress goes to
stderr, the table to stdout, and all single runs to the JSON file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from bench.page import print_report
from bench.tables import Shape, features_of, write_table

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("run_preset", "run_value_drift")
PACKAGES = ("evidently", "numpy", "pandas", "pyarrow")
WANTED = {
    "drift step, times faster than Evidently's preset": ("at least", 30.0),
    "drift step, times faster than Evidently's ValueDrift": ("at least", 7.0),
    "drift step warm, times pyarrow's read of the batch": ("at most", 4.0),
    "peak memory, largest over smallest table": ("at most", 1.2),
    "peak memory at the largest table, MB": ("below", 450.0),
    "heavy libraries on the quiet path": ("at most", 0.0),
}


class Size(NamedTuple):
    """One table to measure."""

    n_rows: int
    n_columns: int
    shape: Shape = "numeric"

    @property
    def name(self) -> str:
        """How the table is called in the report."""
        return f"{self.n_rows:,} x {self.n_columns} {self.shape}"


class Plan(NamedTuple):
    """What one mode measures; targets are read off ``main`` and off ``memory``."""

    speed: tuple[Size, ...]
    main: Size
    memory: tuple[Size, ...]
    repeats: int
    n_warm: int


MILLION = Size(1_000_000, 20)
PLANS = {
    "full": Plan(
        speed=(Size(100_000, 20), MILLION, Size(1_000_000, 50), Size(1_000_000, 20, "mixed")),
        main=MILLION,
        memory=(MILLION, Size(10_000_000, 20)),
        repeats=3,
        n_warm=9,
    ),
    "quick": Plan(
        speed=(Size(100_000, 20), MILLION),
        main=MILLION,
        memory=(MILLION, Size(4_000_000, 20)),
        repeats=1,
        n_warm=5,
    ),
    "tiny": Plan(
        speed=(Size(2_000, 20, "mixed"),),
        main=Size(2_000, 20, "mixed"),
        memory=(Size(2_000, 3), Size(20_000, 3)),
        repeats=1,
        n_warm=3,
    ),
}


def main() -> None:
    """Run one mode, print its table and write its JSON."""
    options = _options()
    plan = PLANS[options.mode]
    if plan.main not in plan.speed:
        raise ValueError(f"the main table {plan.main.name} must be among those timed")
    started = time.perf_counter()
    report: Json = {"mode": options.mode, "is_complete": False}
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-", dir=options.folder) as folder:
        for part in _measure(Path(folder), plan):
            report |= part
            report["seconds"] = round(time.perf_counter() - started, 1)
            # Written after every part: a machine that goes down late costs only the rest.
            options.json.write_text(json.dumps(report, indent=2) + "\n")
    print_report(report, sys.stdout)
    _say(f"written to {options.json}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("mode", nargs="?", default="full", choices=sorted(PLANS))
    parser.add_argument("--json", type=Path, default=Path("bench-report.json"))
    parser.add_argument("--folder", type=Path, default=None, help="scratch; full needs 3 GB")
    return parser.parse_args()


def _measure(folder: Path, plan: Plan) -> Iterator[Json]:
    """Return the parts of the report one by one, the short ones first."""
    yield {"machine": _machine(), "repeats": plan.repeats}
    imports = {
        step.removeprefix("import_"): _repeat(step, folder, plan.repeats)
        for step in ("import_quiet_path", "import_evidently")
    }
    yield {"imports": imports}
    memory = [_measure_memory(folder, size, plan.repeats) for size in plan.memory]
    yield {"memory": memory}
    timed: list[Json] = []
    for size in plan.speed:
        timed.append(_measure_speed(folder, size, plan))
        yield {"speed": timed}
    main_one = next(one for one in timed if one["table"] == plan.main.name)
    yield {"targets": _targets(main_one, memory, imports), "is_complete": True}


def _measure_speed(folder: Path, size: Size, plan: Plan) -> Json:
    place = _prepare(folder, size)
    found: Json = {"table": size.name, **size._asdict()}
    found["build_profile"] = _repeat("build_profile", place, plan.repeats)
    for step in ("measure_drift", *PEERS):
        found[step] = _repeat(step, place, plan.repeats)
    own = found["measure_drift"]["seconds"]
    found["times_faster"] = {peer: found[peer]["seconds"] / own for peer in PEERS}
    warm = _run("measure_drift_warm", place, plan.n_warm)["warm_seconds"]
    middle = {name: statistics.median(runs) for name, runs in warm.items()}
    found["warm"] = {
        "seconds": middle,
        "times_read": middle["drift"] / middle["read"],
        "times_stream": middle["drift"] / middle["stream"],
        "runs": warm,
    }
    _clear(place)
    return found


def _measure_memory(folder: Path, size: Size, repeats: int) -> Json:
    """Measure the drift step alone; the reference behind its profile is a million rows at most."""
    place = _prepare(folder, size, most_reference_rows=MILLION.n_rows)
    _run("build_profile", place)
    found = {"table": size.name, **size._asdict(), **_repeat("measure_drift", place, repeats)}
    _clear(place)
    return found


def _targets(main_one: Json, memory: list[Json], imports: Json) -> list[Json]:
    peaks = [one["peak_mb"] for one in memory]
    got = (
        main_one["times_faster"]["run_preset"],
        main_one["times_faster"]["run_value_drift"],
        main_one["warm"]["times_read"],
        peaks[-1] / peaks[0],
        peaks[-1],
        float(len(imports["quiet_path"]["heavy"])),
    )
    return [
        {
            "target": name,
            "wanted": f"{side} {limit:g}",
            "got": value,
            "is_met": _is_met(side, limit, value),
        }
        for (name, (side, limit)), value in zip(WANTED.items(), got, strict=True)
    ]


def _is_met(side: str, limit: float, value: float) -> bool:
    return {"at least": value >= limit, "at most": value <= limit, "below": value < limit}[side]


def _prepare(folder: Path, size: Size, *, most_reference_rows: int | None = None) -> Path:
    """Write both sides of one table; the reference may be cut, the current side never is."""
    _say(f"{size.name}: writing reference and current")
    place = folder / f"{size.n_rows}-{size.n_columns}-{size.shape}"
    place.mkdir(exist_ok=True)
    n_reference = min(size.n_rows, most_reference_rows or size.n_rows)
    for seed, (side, n_rows) in enumerate(
        {"reference": n_reference, "current": size.n_rows}.items()
    ):
        write_table(
            place / f"{side}.parquet",
            size.shape,
            n_rows=n_rows,
            n_columns=size.n_columns,
            seed=seed,
        )
    features = [feature.model_dump() for feature in features_of(size.shape, size.n_columns)]
    (place / "features.json").write_text(json.dumps(features))
    return place


def _clear(place: Path) -> None:
    for file in place.iterdir():
        file.unlink()
    place.rmdir()


def _repeat(step: str, place: Path, repeats: int) -> Json:
    """Run a step in fresh processes; give medians, and what it said of itself the last time."""
    runs = []
    for place_in_row in range(repeats):
        _say(f"{place.name}: {step} {place_in_row + 1}/{repeats}")
        runs.append(_run(step, place))
    seconds, peaks = ([run[key] for run in runs] for key in ("wall_seconds", "peak_mb"))
    said = {k: v for k, v in runs[-1].items() if k not in ("wall_seconds", "seconds", "peak_mb")}
    middle = {"seconds": statistics.median(seconds), "peak_mb": statistics.median(peaks)}
    return {**middle, "runs": seconds, **said}


def _run(step: str, place: Path, count: int = 0) -> Json:
    """Run one step in a fresh process; ``wall_seconds`` is that process' whole life."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.steps", step, str(place), str(count)]
    before = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    wall_seconds = time.perf_counter() - before
    if done.returncode:
        raise RuntimeError(f"step {step} ended with {done.returncode}: {done.stderr[-2000:]}")
    return {"wall_seconds": wall_seconds, **json.loads(done.stdout.splitlines()[-1])}


def _machine() -> Json:
    versions = {package: version(package) for package in PACKAGES}
    cores = len(os.sched_getaffinity(0))
    return {"cores": cores, "python": platform.python_version(), **versions}


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
