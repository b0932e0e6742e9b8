import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from bench.histories import as_model, make_history
from bench.pages_page import p95
from bench.weeks import live

from evergreen.ledger.tables import DecisionRow, DeliveryRow, PromotionRow
from evergreen.web.queries.view_models import State

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("bench") / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.pages", "tiny", "--json", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = {"table": done.stdout, **json.loads(place.read_text())}
    return found


def test_pages_are_measured_on_both_databases(report: dict[str, Any]) -> None:
    assert report["backends"].keys() == {"sqlite", "postgresql"}
    for found in report["backends"].values():
        assert found["n_decisions"] == report["n_decisions"] == 200
        for step in ("reads", "page", "json"):
            assert len(found[step]) == report["n_requests"]
            assert min(found[step]) > 0


def test_the_table_says_median_p95_and_whether_it_is_fast_enough(report: dict[str, Any]) -> None:
    for text in ("median ms", "p95 ms", "median under 1 s", "sqlite", "postgresql", "GET /models"):
        assert text in report["table"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([3.0, 1.0, 2.0], 3.0, id="few"),
        pytest.param([float(i) for i in range(1, 101)], 95.0, id="many"),
        pytest.param([1.0], 1.0, id="one"),
    ],
)
def test_p95_is_what_95_per_cent_are_not_above(seconds: list[float], expected: float) -> None:
    assert p95(seconds) == expected


@pytest.mark.parametrize("state", get_args(State))
def test_a_life_is_a_history_that_can_be(state: State) -> None:
    weeks = live(state, n_weeks=60, now=NOW, seed=5)

    assert len(weeks) == (0 if state == "new" else 60)
    for before, after in pairwise(weeks):
        assert after.taken_at - before.taken_at == timedelta(days=7)
        assert after.champion_before == before.champion_after
    assert all(week.decided_at < NOW for week in weeks)


def test_a_history_has_its_promotions_and_figures() -> None:
    history = make_history("one", "fresh", n_weeks=60, now=NOW, seed=5)

    promotions = history.rows[PromotionRow]
    assert [row["epoch"] for row in promotions] == list(range(1, len(promotions) + 1))
    assert len(promotions) > 3
    made = {row["id"] for row in history.rows[DecisionRow] if row["champion_after"]}
    assert {row["decision_id"] for row in promotions} <= made


def test_a_copied_history_is_another_models() -> None:
    history = make_history("one", "fresh", n_weeks=30, now=NOW, seed=5)

    copied = as_model(history, "two")

    assert {row["model"] for rows in copied.rows.values() for row in rows} == {"two"}
    ids, others = ({row["id"] for row in h.rows[DecisionRow]} for h in (history, copied))
    assert not ids & others
    assert {row["decision_id"] for row in copied.rows[PromotionRow]} <= others
    assert all("/two/" in row["path"] for row in copied.rows[DeliveryRow])
