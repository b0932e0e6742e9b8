"""What the challenger costs to serve beside the champion: time per row and size."""

import math
from typing import TypeGuard

from evergreen.evaluation.metric_drop import insufficient
from evergreen.evaluation.scored_rows import Contender
from evergreen.metrics.wording import limit, number
from evergreen.records import GuardResult
from evergreen.spec.promoting import Guards

MIN_SECONDS = 0.05
BYTES_PER_MB = 1_000_000


def check_latency(
    guards: Guards, champion: Contender, challenger: Contender, *, n_rows: int
) -> tuple[GuardResult, ...]:
    """Compare how long the models took for the same rows.

    Times that are less than 0.05 s apart are timer noise: no ratio of them fails.
    """
    at_most, guard = guards.max_latency_ratio, "latency"
    if at_most is None:
        return ()
    before, after = champion.predict_seconds, challenger.predict_seconds
    if not _is_time(before) or not _is_time(after) or n_rows == 0:
        why = "prediction was not timed for both models"
        return (insufficient(guard, why, at_most=at_most, n_rows=n_rows),)
    ratio, is_noise = after / before, after - before < MIN_SECONDS
    told = (
        f"{after / n_rows * 1e6:.1f} microseconds a row against the champion's"
        f" {before / n_rows * 1e6:.1f}: {number(ratio, at_most)} times, at most"
        f" {limit(at_most)} allowed, on {n_rows} rows"
    )
    is_beyond = ratio > at_most
    return (
        GuardResult(
            guard=guard,
            verdict="failed" if is_beyond and not is_noise else "passed",
            value=ratio,
            limit=at_most,
            n_rows=n_rows,
            sentence=f"{told}; too short to tell" if is_beyond and is_noise else told,
        ),
    )


def _is_time(seconds: float | None) -> TypeGuard[float]:
    return seconds is not None and math.isfinite(seconds) and seconds > 0


def check_size(guards: Guards, challenger: Contender) -> tuple[GuardResult, ...]:
    """Compare the challenger's size with its limit, in MB of 1,000,000 bytes."""
    at_most, guard = guards.max_model_mb, "size"
    if at_most is None:
        return ()
    if challenger.size_bytes is None or challenger.size_bytes <= 0:
        return (insufficient(guard, "the size of the model file is not known", at_most=at_most),)
    size = challenger.size_bytes / BYTES_PER_MB
    return (
        GuardResult(
            guard=guard,
            verdict="failed" if size > at_most else "passed",
            value=size,
            limit=at_most,
            sentence=f"model.lgb has {number(size, at_most)} MB, at most {limit(at_most)} allowed",
        ),
    )
