"""The promotion benchmark, as ``make bench-promotion`` runs it, small, on a stream of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.promotion_scores import TRUTHS, DrawWork, draw

from builders.streams import make_columns, write_parquet

ROOT = Path(__file__).resolve().parents[3]


def run_bench(*more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.promotion", "--quick", "--jobs", "1", *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("streams")
    columns = make_columns(1_400)
    turned = np.where(np.arange(1_400) < 700, columns["x"], -columns["x"])
    write_parquet(folder / "turns.parquet", {**columns, "target": (turned > 0).astype(int)})
    cut = {"window": 200, "batch": 100, "metric": "accuracy"}
    (folder / "turns.json").write_text(json.dumps(cut))
    place = folder / "report.json"
    done = run_bench(str(folder), "--json", str(place))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = {
        "table": done.stdout,
        "said": done.stderr,
        **json.loads(place.read_text()),
    }
    return found


def shares(report: dict[str, Any], rule: str, truth: str) -> list[float]:
    return [
        one["per_retrain"]
        for one in report["promoted"]
        if (one["rule"], one["truth"]) == (rule, truth)
    ]


def test_naive_and_eager_take_every_second_equal_challenger(report: dict[str, Any]) -> None:
    for rule in ("naive >", "eager"):
        assert shares(report, rule, "equal") == pytest.approx([0.5] * 4, abs=0.15)


def test_each_level_is_more_careful_than_the_one_before(report: dict[str, Any]) -> None:
    for truth in ("equal", "worse"):
        eager, balanced, strict = (
            sum(shares(report, level, truth)) for level in ("eager", "balanced", "strict")
        )
        assert eager > balanced > strict


def test_power_grows_with_the_holdout(report: dict[str, Any]) -> None:
    for level in ("balanced", "strict"):
        power = shares(report, level, "better")
        assert power == sorted(power)
        assert power[-1] > 0.7


def test_kept_is_told_for_every_way_of_every_real_stream(report: dict[str, Any]) -> None:
    whole, quarter = report["kept"]
    (stream,) = whole["streams"]

    assert (whole["holdout_batches"], quarter["holdout_batches"]) == (1.0, 0.25)
    assert set(quarter["pooled"]) == set(whole["pooled"])
    assert stream["stream"] == "turns"
    assert set(stream["ways"]) == {
        "no holdout, no rule",
        "holdout, no rule",
        "eager",
        "balanced",
        "strict",
    }
    for way, one in stream["ways"].items():
        assert whole["pooled"][way] == pytest.approx(one["gain"] / stream["available"])


def test_targets_stand_beside_what_was_measured(report: dict[str, Any]) -> None:
    targets = {one["what"]: one for one in report["targets"]}

    equal = targets["balanced, 5,000 rows: equal challengers promoted per retrain"]
    assert equal["value"] == shares(report, "balanced", "equal")[2]
    assert len(targets) == 11


def test_the_tables_and_the_progress_are_told(report: dict[str, Any]) -> None:
    for words in ("Power", "naive >", "20,000 rows", "Kept by the policy default", "at most 0.05"):
        assert words in report["table"]
    for words in ("Comparing models", "Living lives", "Replaying the streams"):
        assert words in report["said"]


def test_help_teaches() -> None:
    done = run_bench("--help")

    assert "Two models of known AUC" in done.stdout
    assert "--quick" in done.stdout


def test_equal_works_draw_the_same_and_gains_are_as_made() -> None:
    work = DrawWork(2_000, 60, (3,))

    drawn, again = draw(work), draw(work)

    for truth, gain in TRUTHS.items():
        assert np.array_equal(drawn[truth].gains, again[truth].gains)
        assert drawn[truth].gains.mean() == pytest.approx(gain, abs=0.004)
        assert drawn[truth].gains.std() == pytest.approx(drawn[truth].errors.mean(), rel=0.35)
