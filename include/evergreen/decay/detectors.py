"""Streaming change detectors over the champion's errors, row by row in order of time: signals.

The detectors are River's. Measured over 20,000 errors, the last 4,000 newest: share of 200 runs at
a constant error rate of .3 that alarmed anywhere; share of 60 that found a rise by .05 in the
newest; share of 60 that alarmed in the newest where the rate only varies by block of 100 rows
(sd .06):

    ============  ========  =====  =========
    detector      constant  found  by blocks
    ============  ========  =====  =========
    adwin         0         .92    .02
    page_hinkley  0         .98    0
    ============  ========  =====  =========

Left out: DDM and HDDM-A alarmed in .22 and .25 of the constant runs, EDDM and HDDM-W in nearly all
of them, and KSWIN makes a KS test at every row.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.decay.measure import ScoredBatch
from evergreen.decay.row_errors import error_unit, row_errors
from evergreen.measurements import ErrorChange
from evergreen.metrics.wording import number
from evergreen.spec.model import MetricName

FloatArray = NDArray[np.float64]
Detector = Literal["adwin", "page_hinkley"]

DETECTORS: tuple[Detector, ...] = get_args(Detector)
MIN_ROWS = 100
LARGEST = 1e6
ADWIN_DELTA = 0.002
FALSE_ALARMS = 0.01
ALLOWANCE = 0.03
N_BLOCKS = 40
MIN_BLOCK_ROWS = 10
Z = 2.0
OVERSHOOT = 1.166


def detect_change(
    errors: ArrayLike,
    *,
    detector: Detector = "adwin",
    n_newest: int | None = None,
    unit: float = 1.0,
) -> ErrorChange:
    """Return whether the errors have risen within the newest rows.

    Total over data: a missing or infinite error is passed over; where the detector cannot run,
    nothing has changed and the sentence says why. Nothing is remembered between calls, so feed all
    rows that this champion has scored: 100,000 take 0.02 s (``adwin``).
    Rows that err together, as those of one day do, are allowed for by the spread of blocks of the
    rows before the newest batch; without at least 100 such rows, independent rows are assumed.

    Args:
        errors: One error a row in order of time, shape (n,), 0 or more; ``row_errors`` gives them.
        detector: Which one.
        n_newest: Rows of the newest batch, at the end of ``errors``; None means all.
        unit: The error that counts as 1; larger ones count no more.

    Raises:
        ValueError: The errors are not one-dimensional, or there is no such detector.
    """
    if detector not in DETECTORS:
        known = ", ".join(DETECTORS)
        raise ValueError(f"no detector {detector!r}; there are {known}")
    values = np.asarray(errors, dtype=np.float64)
    series = _series(values if unit == 1 else np.minimum(values / unit, 1.0), n_newest)
    problem = _problem(series)
    if problem:
        sentence = f"{detector} was not run: {problem}"
        return ErrorChange(
            detector=detector, has_changed=False, n_rows=values.size, sentence=sentence
        )
    return _told(series, detector, values.size, _rises(series, detector), unit)


def detect_changes(
    batches: Sequence[ScoredBatch],
    *,
    metric: MetricName,
    detectors: Sequence[Detector] = DETECTORS,
) -> tuple[ErrorChange, ...]:
    """Run detectors over the errors of all batches that this champion has scored.

    Args:
        batches: In any order; the rows within each in order of time. The newest is the one judged.
        metric: The spec's metric.
        detectors: Which ones.
    """
    ordered = sorted(batches, key=lambda scored: scored.batch)
    errors = [row_errors(metric, scored.target, scored.prediction) for scored in ordered]
    n_newest = errors[-1].size if errors else 0
    joined = np.concatenate([np.empty(0), *errors])
    unit = error_unit(metric, joined, n_newest=n_newest)
    return tuple(
        detect_change(joined, detector=name, n_newest=n_newest, unit=unit) for name in detectors
    )


class _Series(NamedTuple):
    """Finite errors, the row of each, and the place where the newest batch begins."""

    values: FloatArray
    rows: NDArray[np.intp]
    newest: int


def _series(values: FloatArray, n_newest: int | None) -> _Series:
    if values.ndim != 1:
        raise ValueError(f"errors have {values.ndim} dimensions; expected one value per row")
    first = 0 if n_newest is None else max(values.size - n_newest, 0)
    rows = np.flatnonzero(np.isfinite(values))
    return _Series(values[rows], rows, int(np.searchsorted(rows, first)))


def _problem(series: _Series) -> str:
    if series.values.size < MIN_ROWS:
        return f"{series.values.size} rows with an error, needs {MIN_ROWS}"
    if series.newest >= series.values.size:
        return "the newest batch has no row with an error"
    if series.values.min() < 0:
        return f"an error is {series.values.min():.4g}; errors are 0 or more"
    if series.values.max() > LARGEST:
        return f"an error is {series.values.max():.4g}; expected {LARGEST:g} at most"
    return ""


class _Alarm(NamedTuple):
    """Where a detector says that errors have risen, and since which place."""

    place: int
    since: int


def _rises(series: _Series, detector: Detector) -> list[_Alarm]:
    """Return the alarms within the newest batch that what came after them bears out."""
    if detector == "page_hinkley":
        return _alarms(_page_hinkley(series), series.values.tolist(), series.newest)
    alarms = _adwin_rises(series.values)
    inside = [alarm for alarm in alarms if alarm.place >= series.newest]
    return [alarm for alarm in inside if _lasts(series, alarm.since)]


def _lasts(series: _Series, since: int) -> bool:
    """Return whether errors from a place to the end are above those before the newest batch.

    ADWIN takes every row as independent; rows of one day err together, so a bad hour is a sure
    change to it. The rise must exceed two standard errors that allow for this.
    """
    old, new = series.values[: series.newest], series.values[max(since, series.newest) :]
    if old.size < MIN_ROWS:
        return True
    return float(new.mean() - old.mean()) > Z * _spread(series) / math.sqrt(new.size)


def _alarms(detector: Any, values: list[Any], newest: int) -> list[_Alarm]:
    """Feed all values; return the alarms of the newest batch, as alarms about all of it."""
    alarms = []
    for place, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected and place >= newest:
            alarms.append(_Alarm(place, newest))
    return alarms


def _adwin_rises(values: FloatArray) -> list[_Alarm]:
    """Return the places where ADWIN cut its window and kept the part with the higher mean.

    Source: Bifet and Gavalda (2007), Learning from time-changing data with adaptive windowing, SDM.
    """
    from river import drift

    library: Any = drift
    adwin = library.ADWIN(delta=ADWIN_DELTA)
    scaled = values / max(float(values.max()), 1.0)
    total = np.concatenate(([0.0], np.cumsum(scaled)))
    alarms, start = [], 0
    for place, value in enumerate(scaled.tolist()):
        adwin.update(value)
        if not adwin.drift_detected:
            continue
        cut = max(place + 1 - int(adwin.width), start + 1)
        before = (total[cut] - total[start]) / (cut - start)
        if adwin.estimation > before:
            alarms.append(_Alarm(place, cut))
        start = place + 1
    return alarms


def _page_hinkley(series: _Series) -> Any:
    """Make a Page-Hinkley test whose chance of a false alarm over all rows is about 1 %.

    Allowance and threshold are in standard deviations of the errors, which the rows before the
    newest batch give: of blocks of rows, where rows that err together make these vary more.

    Source: Page (1954), Biometrika 41:100; threshold: Siegmund (1985), Sequential Analysis.
    """
    from river.drift import PageHinkley

    spread = _spread(series)
    return PageHinkley(
        min_instances=MIN_ROWS,
        delta=ALLOWANCE * spread,
        threshold=_cusum_threshold(series.values.size / FALSE_ALARMS) * spread,
        alpha=1.0,
        mode="up",
    )


def _spread(series: _Series) -> float:
    old = series.values[: series.newest]
    known = old if old.size >= MIN_ROWS else series.values
    spread = max(float(known.std()), 1.0 / math.sqrt(known.size))
    n_rows = known.size // N_BLOCKS
    if n_rows < MIN_BLOCK_ROWS:
        return spread
    means = known[-n_rows * N_BLOCKS :].reshape(N_BLOCKS, n_rows).mean(axis=1)
    return max(spread, float(means.std(ddof=1)) * math.sqrt(n_rows))


def _cusum_threshold(run_length: float) -> float:
    """Return the threshold, in standard deviations, whose mean run to a false alarm is given.

    Solves (exp(2 k b) - 2 k b - 1) / (2 k^2) = run length for b, k being the allowance.
    """
    wanted = 2 * ALLOWANCE**2 * run_length
    exponent = math.log1p(wanted)
    for _ in range(50):
        exponent = math.log1p(wanted + exponent)
    return exponent / (2 * ALLOWANCE) - OVERSHOOT


def _told(
    series: _Series, detector: Detector, n_rows: int, rises: list[_Alarm], unit: float
) -> ErrorChange:
    at_row = int(series.rows[rises[0].place]) if rises else None
    errors = series.values * unit
    old, new = errors[: series.newest], errors[series.newest :]
    before, newest = float(old.mean()) if old.size else None, float(new.mean())
    was = "" if before is None else f", {number(before, decimals=4)} before"
    means = f"mean error {number(newest, decimals=4)} over the newest {new.size} rows{was}"
    said = "sees no rise" if at_row is None else f"says that errors rose, at row {at_row}"
    return ErrorChange(
        detector=detector,
        has_changed=at_row is not None,
        at_row=at_row,
        before=before,
        newest=newest,
        n_rows=n_rows,
        sentence=f"{detector} {said} of {n_rows}: {means}",
    )
