import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evergreen.records import Evaluation, MetricEstimate, PromotionVerdict, Window
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.report import closing_sentences, make_report, summarise, write_report
from evergreen.sandbox.demo.story import BatchStory


def make_story(**changes: Any) -> BatchStory:
    told: dict[str, Any] = {
        "batch": "2013-03-05",
        "kind": "weekly",
        "n_rows": 6000,
        "fault": None,
        "gate": "accepted",
        "gate_sentence": "all rules met",
        "broken_rules": (),
        "verdict": "stand_down",
        "trigger": "none",
        "sentence": "nothing drifted",
        "outcome": "stood_down",
        "outcome_sentence": "the champion stays",
        "champion_before": "1",
        "champion_after": "1",
        "seconds": 20.0,
        "steps": {"ingest.take_snapshot": 1.5},
    }
    return BatchStory(**(told | changes))


def make_evaluation(challenger: str, gain: float | None) -> Evaluation:
    auc = MetricEstimate(name="auc", value=0.7, se=0.01, n_rows=6000)
    return Evaluation(
        challenger_version=challenger,
        champion_version="1",
        challenger=auc,
        champion=auc,
        gain=gain,
        gain_se=None if gain is None else 0.005,
        gain_low=None if gain is None else gain - 0.01,
        gain_high=None if gain is None else gain + 0.01,
        n_rows=6000,
        holdout=Window.ending(datetime(2013, 3, 5, tzinfo=UTC), days=7),
        sentence="both scored",
    )


PROMOTED = make_story(
    verdict="retrain",
    outcome="promoted",
    champion_after="2",
    challenger_version="2",
    outcome_sentence="probably better",
    evaluation=make_evaluation("2", 0.02),
    promotion_verdict=PromotionVerdict(verdict="promote", sentence="s", cause="better"),
)
KEPT = make_story(
    kind="forced",
    verdict="retrain",
    outcome="kept",
    trigger="forced",
    challenger_version="3",
    outcome_sentence="not better",
    evaluation=make_evaluation("3", -0.003),
    promotion_verdict=PromotionVerdict(verdict="keep", sentence="s", cause="not_better"),
)
STORIES = [
    make_story(kind="history", champion_before=None, champion_after=None),
    make_story(verdict="bootstrap", outcome="bootstrapped", champion_before=None),
    make_story(),
    make_story(gate="rejected", verdict="rejected", outcome="rejected"),
    PROMOTED,
    KEPT,
]


def test_summary_counts_what_happened() -> None:
    assert summarise(STORIES) == {
        "weekly_batches": 4,
        "rejected": 1,
        "stood_down": 1,
        "bootstrapped": 1,
        "retrained": 2,
        "promoted": 1,
        "kept": 1,
        "forced": 1,
    }


def test_the_report_has_one_entry_per_story(tmp_path: Path) -> None:
    file = tmp_path / "report.json"

    write_report(make_report(STORIES, DemoOptions(), start_seconds=20.04, seconds=300.06), file)

    report = json.loads(file.read_text())
    assert report["seconds"] == 300.1
    assert len(report["batches"]) == len(STORIES)
    assert report["batches"][4]["champion_before"] == "1"
    assert report["batches"][4]["champion_after"] == "2"
    assert report["batches"][4]["steps"] == {"ingest.take_snapshot": 1.5}
    assert list(tmp_path.iterdir()) == [file]


def test_the_report_names_gain_interval_and_sentence_of_each_retrain() -> None:
    report = make_report(STORIES, DemoOptions(), start_seconds=1, seconds=2)

    promoted, kept = report["retrains"]
    assert (promoted["gain"], promoted["gain_interval_95"]) == (0.02, [0.01, 0.03])
    assert (promoted["verdict"], promoted["cause"]) == ("promote", "better")
    assert (kept["challenger"], kept["outcome"], kept["sentence"]) == ("3", "kept", "not better")


@pytest.mark.parametrize(
    ("stories", "text"),
    [
        pytest.param(
            STORIES,
            "2013-03-05: v2 took the place of v1: auc gain +0.0200 (95 %: +0.0100 to +0.0300)."
            " probably better",
            id="a promotion",
        ),
        pytest.param(
            STORIES,
            "2013-03-05: v1 stayed, v3 did not take its place: auc gain -0.0030"
            " (95 %: -0.0130 to +0.0070). not better",
            id="a champion kept",
        ),
        pytest.param(
            [make_story(**{**dict(KEPT), "evaluation": make_evaluation("3", None)})],
            "v1 stayed, v3 did not take its place: not better",
            id="no gain",
        ),
        pytest.param(STORIES[:4], "No challenger beat its champion", id="none"),
    ],
)
def test_the_end_says_honestly_what_came_of_it(stories: list[BatchStory], text: str) -> None:
    assert any(text in sentence for sentence in closing_sentences(stories))


def test_a_first_model_is_not_told_as_a_promoted_retrain() -> None:
    said = " ".join(closing_sentences(STORIES[:2]))

    assert "0 promoted" in said
