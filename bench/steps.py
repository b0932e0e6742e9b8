"""What is measured, one step per fresh process: ``python -m bench.steps STEP FOLDER [COUNT]``.

The last line on stdout is JSON: the seconds inside the process, its peak memory, and what the step
says of itself. Whoever starts the process measures its whole life, imports included.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Facts = dict[str, Any]

QUIET_MODULES = (
    "evergreen.workflows.decide.decide",
    "evergreen.drift.measure",
    "evergreen.decay.measure",
    "evergreen.policy.deciding",
    "evergreen.storage.store",
)
HEAVY = ("evidently", "great_expectations", "plotly", "mlflow", "pandas", "sklearn", "scipy")


def build_profile(folder: Path, _count: int) -> Facts:
    """Profile the reference: once per champion, so it is no part of the drift step."""
    import pyarrow.parquet as pq

    from evergreen.drift.profile.build import build_profile
    from evergreen.spec.model import Feature

    features = [Feature(**one) for one in json.loads((folder / "features.json").read_text())]
    profile = build_profile(pq.read_table(folder / "reference.parquet"), features)
    text = json.dumps(profile.to_json())
    (folder / "profile.json").write_text(text)
    return {"profile_bytes": len(text)}


def measure_drift(folder: Path, _count: int) -> Facts:
    """Read the profile, stream the current batch, judge every feature, write the measurement."""
    from evergreen.drift.measure import measure_drift
    from evergreen.drift.profile.profile import ReferenceProfile
    from evergreen.spec.deciding import Drift
    from evergreen.storage.parquet import parquet_batches

    profile = ReferenceProfile.from_json(json.loads((folder / "profile.json").read_text()))
    batches = parquet_batches(folder / "current.parquet", [c.name for c in profile.columns])
    measured = measure_drift(profile, batches, Drift())
    (folder / "drift.json").write_text(json.dumps(measured.to_json()))
    verdicts = [column.verdict for column in measured.columns]
    return {"n_rows": measured.n_rows, "n_judged": sum(v != "not_computable" for v in verdicts)}


def measure_drift_warm(folder: Path, count: int) -> Facts:
    """Repeat the drift step in one process, in turn with two ways to only read the batch."""
    import pyarrow.parquet as pq

    from evergreen.storage.parquet import parquet_batches

    current = folder / "current.parquet"
    names = [one["name"] for one in json.loads((folder / "features.json").read_text())]

    def read() -> None:
        pq.read_table(current, columns=names)

    def stream() -> None:
        for _ in parquet_batches(current, names):
            pass

    def step() -> None:
        measure_drift(folder, 0)

    step()
    seconds: dict[str, list[float]] = {"drift": [], "read": [], "stream": []}
    for _ in range(count):
        for name, timed in (("drift", step), ("read", read), ("stream", stream)):
            seconds[name].append(_seconds(timed))
    return {"warm_seconds": seconds}


def run_preset(folder: Path, _count: int) -> Facts:
    """Run Evidently's drift preset with PSI for every column."""
    from evidently.presets import DataDriftPreset

    return _run_evidently(folder, lambda names: [DataDriftPreset(columns=names, method="psi")])


def run_value_drift(folder: Path, _count: int) -> Facts:
    """Run Evidently's ``ValueDrift`` with PSI, column by column, without the preset."""
    from evidently.metrics import ValueDrift

    return _run_evidently(
        folder, lambda names: [ValueDrift(column=name, method="psi") for name in names]
    )


def _run_evidently(folder: Path, metrics: Callable[[list[str]], list[Any]]) -> Facts:
    """Run one report over both files; Evidently knows no drift of datetimes, so those are left."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report

    features = json.loads((folder / "features.json").read_text())
    numbers = [one["name"] for one in features if one["kind"] in ("numeric", "integer")]
    texts = [one["name"] for one in features if one["kind"] in ("categorical", "boolean")]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    reference, current = (
        Dataset.from_pandas(
            pd.read_parquet(folder / f"{side}.parquet", columns=numbers + texts), definition
        )
        for side in ("reference", "current")
    )
    found = Report(metrics(numbers + texts)).run(current, reference).dict()["metrics"]
    return {"n_judged": sum("ValueDrift" in metric["metric_name"] for metric in found)}


def import_quiet_path(_folder: Path, _count: int) -> Facts:
    """Import all that a decision on a quiet day needs; name the heavy libraries that came along."""
    for module in QUIET_MODULES:
        __import__(module)
    return {"heavy": sorted(set(HEAVY) & set(sys.modules))}


def import_evidently(_folder: Path, _count: int) -> Facts:
    """Import what the preset needs."""
    import evidently.presets

    return {"name": evidently.presets.__name__}


STEPS: dict[str, Callable[[Path, int], Facts]] = {
    step.__name__: step
    for step in (
        build_profile,
        measure_drift,
        measure_drift_warm,
        run_preset,
        run_value_drift,
        import_quiet_path,
        import_evidently,
    )
}


def peak_mb() -> float:
    """Return the largest resident memory (MB of 1e6 bytes) of this process since it began.

    From Linux' own count, because ``getrusage`` also counts the parent before the start.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/status has no VmHWM; peak memory is measured on Linux only")


def _seconds(step: Callable[[], object]) -> float:
    before = time.perf_counter()
    step()
    return time.perf_counter() - before


def main() -> None:
    """Run the step that the command line names."""
    name, folder, count = sys.argv[1], Path(sys.argv[2]), int((*sys.argv[3:], "0")[0])
    before = time.perf_counter()
    facts = STEPS[name](folder, count)
    seconds = time.perf_counter() - before
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), **facts}) + "\n")


if __name__ == "__main__":
    main()
