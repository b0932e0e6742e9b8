"""``demo-report.json``: everything that the demo saw, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path

from evergreen.demo.options import HISTORY_WEEKS, DemoOptions
from evergreen.demo.story import REJECTED, BatchStory
from evergreen.records import Json


def make_report(
    stories: Sequence[BatchStory], options: DemoOptions, *, start_seconds: float, seconds: float
) -> Json:
    """Give the report as JSON-ready values.

    Args:
        stories: What became of each batch, in the order of the play.
        options: What was asked of the demo.
        start_seconds: How long the services took to come up.
        seconds: From the first service to the last decision.
    """
    return {
        "start": options.start.isoformat(),
        "weeks": options.weeks,
        "history_weeks": HISTORY_WEEKS,
        "seed": options.seed,
        "start_seconds": round(start_seconds, 1),
        "seconds": round(seconds, 1),
        "summary": summarise(stories),
        "batches": [story.to_json() for story in stories],
    }


def summarise(stories: Sequence[BatchStory]) -> dict[str, int]:
    """Count what happened."""
    return {
        "weekly_batches": sum(story.kind == "weekly" for story in stories),
        "rejected": sum(story.verdict == REJECTED for story in stories),
        "stood_down": sum(s.verdict == "stand_down" and s.kind == "weekly" for s in stories),
        "bootstrapped": sum(story.outcome == "bootstrapped" for story in stories),
        "retrained": sum(story.verdict == "retrain" for story in stories),
        "promoted": sum(story.is_promoted_retrain for story in stories),
        "kept": sum(story.outcome == "kept" for story in stories),
        "forced": sum(story.kind == "forced" for story in stories),
    }


def write_report(report: Json, path: Path) -> None:
    """Write the report; an earlier one is replaced."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def closing_sentences(stories: Sequence[BatchStory]) -> list[str]:
    """Say honestly what the data made of these weeks."""
    counts = summarise(stories)
    said = [
        f"{counts['weekly_batches']} weekly batches: {counts['rejected']} rejected by the gate,"
        f" {counts['stood_down']} stood down, {counts['bootstrapped']} first model."
        f" {counts['retrained']} retrains ({counts['forced']} forced): {counts['promoted']}"
        f" promoted, {counts['kept']} kept the champion."
    ]
    promoted = [story for story in stories if story.is_promoted_retrain]
    said += [
        f"{story.batch}: v{story.champion_after} took the place of v{story.champion_before}:"
        f" {story.outcome_sentence}"
        for story in promoted
    ]
    if not promoted:
        said.append(
            "No challenger beat its champion in these weeks. That is what the data say; another"
            " DEMO_START or DEMO_SEED may say otherwise."
        )
    return said
