"""The drift report that people read, drawn by Evidently with the ledger's own numbers.

Evidently would compute other statistics, over a sample and over bins of both sides together. So PSI
and D are registered with it as stat tests that answer with the measured values. Evidently is
imported only when a report is drawn.
"""

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.drift.report.header import insert_header
from evergreen.drift.report.samples import Picture, make_pictures, sample
from evergreen.measurements import DriftMeasurement

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 5_000_000
HEADER_BYTES = 100_000
INDEX_PLOT = "DATA DRIFT"
STATISTICS = {"psi": "PSI, from the ledger", "ks": "KS distance D, from the ledger"}
EMPTY_PAGE = (
    "<!DOCTYPE html>\n<html lang='en'><head><meta charset='UTF-8'></head><body></body></html>"
)

# Evidently's stat tests and Plotly's templates are global, so one report is drawn at a time.
_drawing = threading.Lock()


def draw_report(
    reference: "pd.DataFrame",
    current: "pd.DataFrame",
    measurement: DriftMeasurement,
    profile: ReferenceProfile,
    *,
    seed: int = 0,
) -> str:
    """Draw one drift measurement as a self-contained HTML page below 5 MB, without raw rows.

    The numbers are those of ``measurement``; only the pictures come from a sample, and the page
    says so. A feature that cannot be drawn is left out of the pictures and named with the reason.

    Args:
        reference: Rows of the reference window, a column per feature; sampled down to 5,000.
        current: Rows of the batch, likewise.
        measurement: What ``measure_drift`` gave for the batch.
        profile: The reference profile that it was measured against.
        seed: Seed of the two samples.
    """
    samples = sample(reference, seed=seed), sample(current, seed=seed)
    pictures, left_out = make_pictures(*samples, measurement, profile)
    with _drawing:
        page, undrawn = _draw_all_possible(pictures)
    header = {
        "reference rows": f"{len(samples[0])} of {len(reference)}",
        "batch rows": f"{len(samples[1])} of {len(current)}",
        "seed": str(seed),
    }
    return insert_header(page, measurement, header, left_out | undrawn)


def _draw_all_possible(pictures: list[Picture]) -> tuple[str, dict[str, str]]:
    """Draw all pictures; where that fails, those that Evidently can draw by themselves."""
    left_out: dict[str, str] = {}
    try:
        page = _render(pictures)
    except Exception:
        # Any error of Evidently counts as the fault of one feature: find it, and draw the others.
        drawable = []
        for picture in pictures:
            try:
                _render([picture])
            except Exception as err:
                left_out[picture.column.column] = f"Evidently cannot draw it: {err}"
            else:
                drawable.append(picture)
        pictures, page = drawable, _render(drawable)
    while pictures and len(page.encode()) > MAX_BYTES - HEADER_BYTES:
        n_kept = len(pictures) * 2 // 3
        for picture in pictures[n_kept:]:
            left_out[picture.column.column] = "left out to keep the page below 5 MB"
        pictures = pictures[:n_kept]
        page = _render(pictures)
    return page, left_out


def _render(pictures: list[Picture]) -> str:
    if not pictures:
        return EMPTY_PAGE
    import plotly.io
    from evidently.core.metric_types import render_widgets
    from evidently.legacy.renderers.html_widgets import group_widget

    template = plotly.io.templates.default
    plotly.io.templates.default = "none"
    try:
        snapshot = run_evidently(pictures)
    finally:
        plotly.io.templates.default = template
    results = zip(_numbers(pictures), snapshot.metric_results.values(), strict=True)
    widgets = [w for number, result in results for w in _shown(number, result.widget)]
    return str(render_widgets([group_widget(title="", widgets=widgets)]))


def run_evidently(pictures: list[Picture]) -> Any:
    """Run one Evidently report: PSI of every feature, and D where there is one.

    Returns:
        Evidently's ``Snapshot``, whose values are those of the measurement.
    """
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    numbers = _numbers(pictures)
    _register_statistics(numbers)
    definition = DataDefinition(
        numerical_columns=[picture.title for picture in pictures if picture.is_numeric],
        categorical_columns=[picture.title for picture in pictures if not picture.is_numeric],
    )
    reference = pd.DataFrame({p.title: pd.Series(p.reference) for p in pictures})
    current = pd.DataFrame({p.title: pd.Series(p.current) for p in pictures})
    metrics = [
        ValueDrift(column=n.title, method=f"evergreen_{n.statistic}", threshold=n.limit)
        for n in numbers
    ]
    return Report(metrics).run(
        Dataset.from_pandas(current, definition), Dataset.from_pandas(reference, definition)
    )


class _Number(NamedTuple):
    """One number of the measurement, under the title that Evidently knows the feature by."""

    title: str
    statistic: str
    value: float
    limit: float


def _numbers(pictures: list[Picture]) -> list[_Number]:
    numbers = []
    for picture in pictures:
        column = picture.column
        for statistic, value, its_limit in (
            ("psi", column.psi, column.psi_limit),
            ("ks", column.ks, column.ks_limit),
        ):
            if value is not None and its_limit is not None:
                numbers.append(_Number(picture.title, statistic, value, its_limit))
    return numbers


def _register_statistics(numbers: list[_Number]) -> None:
    """Register our statistics with Evidently; they return values by the name of their series."""
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    for statistic, label in STATISTICS.items():
        known = {n.title: n.value for n in numbers if n.statistic == statistic}

        def measured(
            reference: "pd.Series[Any]",
            current: "pd.Series[Any]",
            feature_type: object,
            threshold: float,
            known: dict[str, float] = known,
        ) -> tuple[float, bool]:
            value = known[str(current.name)]
            return value, value > threshold

        types = [ColumnType.Numerical, ColumnType.Categorical]
        test = StatTest(
            name=f"evergreen_{statistic}", display_name=label, allowed_feature_types=types
        )
        register_stattest(test, measured)


def _shown(number: _Number, widgets: list[Any]) -> list[Any]:
    """Keep a histogram once, and drop the plot by row index: its points are almost rows."""
    shown = []
    for widget in widgets:
        if widget.type == "tabs":
            widget.tabs = [tab for tab in widget.tabs if tab.title != INDEX_PLOT]
            if number.statistic != "psi":
                continue
        shown.append(widget)
    return shown
