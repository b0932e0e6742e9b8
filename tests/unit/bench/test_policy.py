"""The policy benchmark, as ``make bench-policy`` runs it, on two small streams of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.streams import make_columns, write_parquet

ROOT = Path(__file__).resolve().parents[3]


def run_bench(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.policy", str(folder), "--jobs", "1", *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a stream that changes, one with a burst, and one that nobody knows."""
    folder = tmp_path_factory.mktemp("streams")
    columns = make_columns(1_200)
    turned = np.where(np.arange(1_200) < 700, columns["x"], -columns["x"])
    cut = {"window": 200, "batch": 100, "metric": "accuracy", "has_known_changes": True}
    write_parquet(folder / "turns.parquet", {**columns, "target": (turned > 0).astype(int)})
    (folder / "turns.json").write_text(json.dumps({**cut, "changes": [700], "label_delay": 1}))
    write_parquet(folder / "burst.parquet", columns)
    burst = {**cut, "kind": "synthetic", "bursts": [[600, 800]]}
    (folder / "burst.json").write_text(json.dumps(burst))
    write_parquet(folder / "stranger.parquet", columns)
    return folder


@pytest.fixture(scope="module")
def report(streams: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("bench") / "report.json"
    done = run_bench(streams, "--json", str(place))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = {
        "table": done.stdout,
        "said": done.stderr,
        **json.loads(place.read_text()),
    }
    return found


def test_streams_are_cut_as_their_sidecar_says_and_strangers_are_noted(
    report: dict[str, Any],
) -> None:
    found = {one["stream"]: one for one in report["streams"]}

    assert set(found) == {"turns", "burst"}
    assert {name: one["result"]["n_batches"] for name, one in found.items()} == {
        "turns": 10,
        "burst": 10,
    }
    assert {name: one["label_delay"] for name, one in found.items()} == {"turns": 1, "burst": 0}
    assert any("stranger.parquet is skipped" in note for note in report["notes"])
    assert any("nyc_flights" in note for note in report["notes"])


def test_only_real_streams_that_gain_are_pooled(report: dict[str, Any]) -> None:
    turns = next(one for one in report["streams"] if one["stream"] == "turns")

    pooled = report["pooled"]["1"]

    assert set(report["pooled"]) == {"0", "1"}
    assert report["pooled"]["0"]["default"] is None
    assert pooled["every"]["kept"] == pytest.approx(1.0)
    assert pooled["never"]["kept"] == 0
    for name, one in turns["policies"].items():
        assert pooled[name]["kept"] == pytest.approx(one["kept"])
        assert pooled[name]["cost"] == pytest.approx(one["cost"])
        assert pooled[name]["worst_stream"] == "turns"


def test_a_change_is_answered_some_batches_after_it(report: dict[str, Any]) -> None:
    turns = next(one for one in report["streams"] if one["stream"] == "turns")

    (of_every,) = turns["policies"]["every"]["changes"]
    (of_never,) = turns["policies"]["never"]["changes"]

    assert (of_every["row"], of_every["batch"], of_every["fit_after"]) == (700, 5, 0)
    assert of_never["fit_after"] is None
    assert turns["policies"]["never"]["false_alarms_per_100"] == 0


def test_fits_are_counted_per_burst_and_its_labels(report: dict[str, Any]) -> None:
    burst = next(one for one in report["streams"] if one["stream"] == "burst")

    assert burst["policies"]["every"]["fits_per_burst"] == [3]  # two bad batches and one after
    assert burst["policies"]["never"]["fits_per_burst"] == [0]
    assert burst["policies"]["never"]["sound_quarantined"] == 0


def test_the_tables_name_streams_policies_and_targets(report: dict[str, Any]) -> None:
    for words in ("turns", "burst", "pooled", "worst", "thresholds", "default", "pooled kept"):
        assert words in report["table"]
    assert "turns: " in report["said"]


def test_delays_are_played_one_after_the_other(streams: Path, tmp_path: Path) -> None:
    place = tmp_path / "report.json"

    done = run_bench(
        streams, "--only", "turns", "--delays", "0,2", "--policy", "never", "--json", str(place)
    )

    report = json.loads(place.read_text())
    assert done.returncode == 0
    assert [one["label_delay"] for one in report["streams"]] == [0, 2]
    assert report["targets"] == []


def test_without_a_folder_it_is_skipped_with_a_note(tmp_path: Path) -> None:
    done = run_bench(tmp_path / "none")

    assert done.returncode == 0
    assert "there is no folder" in done.stderr
    assert done.stdout == ""
