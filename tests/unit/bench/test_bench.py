import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("bench") / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "tiny", "--json", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "measure_drift 1/1" in done.stderr
    found: dict[str, Any] = {"table": done.stdout, **json.loads(place.read_text())}
    return found


def test_every_step_is_timed_in_fresh_processes_beside_its_peers(report: dict[str, Any]) -> None:
    (timed,) = report["speed"]

    assert (timed["n_rows"], timed["n_columns"], timed["shape"]) == (2_000, 20, "mixed")
    for step in ("build_profile", "measure_drift", "run_preset", "run_value_drift"):
        assert timed[step]["seconds"] > 0
        assert timed[step]["peak_mb"] > 0
        assert len(timed[step]["runs"]) == report["repeats"]
    for peer, times in timed["times_faster"].items():
        ratio = timed[peer]["seconds"] / timed["measure_drift"]["seconds"]
        assert times == pytest.approx(ratio)


def test_both_sides_judge_the_same_rows_and_columns(report: dict[str, Any]) -> None:
    (timed,) = report["speed"]

    assert timed["measure_drift"]["n_rows"] == 2_000
    assert timed["measure_drift"]["n_judged"] == 20
    # Evidently has no drift of datetimes, and two of the twenty are.
    assert timed["run_preset"]["n_judged"] == timed["run_value_drift"]["n_judged"] == 18


def test_the_warm_step_is_held_against_reading_the_same_file(report: dict[str, Any]) -> None:
    warm = report["speed"][0]["warm"]

    assert warm["times_read"] == pytest.approx(warm["seconds"]["drift"] / warm["seconds"]["read"])
    assert {len(runs) for runs in warm["runs"].values()} == {3}


def test_the_quiet_path_imports_no_heavy_library(report: dict[str, Any]) -> None:
    assert report["imports"]["quiet_path"]["heavy"] == []


def test_each_target_stands_beside_what_was_measured(report: dict[str, Any]) -> None:
    peaks = [one["peak_mb"] for one in report["memory"]]
    targets = {one["target"]: one for one in report["targets"]}

    assert report["is_complete"] is True
    assert len(targets) == 6
    assert targets["peak memory at the largest table, MB"]["got"] == peaks[-1]
    assert targets["peak memory, largest over smallest table"]["got"] == peaks[-1] / peaks[0]
    assert targets["heavy libraries on the quiet path"]["is_met"] is True


def test_the_table_shows_every_part(report: dict[str, Any]) -> None:
    for text in ("2,000 x 20 mixed", "import of the quiet path", "at least 30", "cores"):
        assert text in report["table"]
