"""``demo-report.json``: everything that the demo saw, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path

from evergreen.presentation.formatting import plural
from evergreen.records import Json
from evergreen.sandbox.demo.options import HISTORY_WEEKS, DemoOptions
from evergreen.sandbox.demo.story import REJECTED, BatchStory


def make_report(
    stories: Sequence[BatchStory], options: DemoOptions, *, start_seconds: float, seconds: float
) -> Json:
    """Return the report as JSON-ready values.

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
        "retrains": [tell_retrain(story) for story in stories if story.is_retrain],
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


def tell_retrain(story: BatchStory) -> Json:
    """Return what a retrain gained, how sure that is, and the verdict in its sentence."""
    evaluation, verdict = story.evaluation, story.promotion_verdict
    return {
        "batch": story.batch,
        "challenger": story.challenger_version,
        "champion_before": story.champion_before,
        "metric": None if evaluation is None else evaluation.challenger.name,
        "gain": None if evaluation is None else evaluation.gain,
        "gain_interval_95": None
        if evaluation is None
        else [evaluation.gain_low, evaluation.gain_high],
        "n_rows": None if evaluation is None else evaluation.n_rows,
        "verdict": None if verdict is None else verdict.verdict,
        "cause": None if verdict is None else verdict.cause,
        "sentence": story.outcome_sentence,
        "outcome": story.outcome,
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
        f"{plural(counts['weekly_batches'], 'weekly batch')}:"
        f" {counts['rejected']} rejected by the gate,"
        f" {counts['stood_down']} stood down, {counts['bootstrapped']} first model."
        f" {plural(counts['retrained'], 'retrain')} ({counts['forced']} forced):"
        f" {counts['promoted']} promoted, {counts['kept']} kept the champion."
    ]
    retrains = [story for story in stories if story.is_retrain]
    said += [f"{story.batch}: {_told(story)}" for story in retrains]
    if not counts["promoted"]:
        said.append(
            "No challenger beat its champion in these weeks. That is what the data say; another"
            " DEMO_START or DEMO_SEED may say otherwise."
        )
    return said


def _told(story: BatchStory) -> str:
    """Tell a retrain in a line: who won, by how much, how sure, and why."""
    before, challenger = story.champion_before, story.challenger_version
    who = (
        f"v{challenger} took the place of v{before}"
        if story.is_promoted_retrain
        else f"v{before} stayed, v{challenger} did not take its place"
    )
    evaluation = story.evaluation
    if evaluation is None or evaluation.gain is None:
        return f"{who}: {story.outcome_sentence}"
    gain = f"{evaluation.challenger.name} gain {evaluation.gain:+.4f}"
    if evaluation.gain_low is not None and evaluation.gain_high is not None:
        gain += f" (95 %: {evaluation.gain_low:+.4f} to {evaluation.gain_high:+.4f})"
    return f"{who}: {gain}. {story.outcome_sentence}"
