"""The report of the pages benchmark, as the table that people read."""

import statistics
from collections.abc import Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

Json = dict[str, Any]

LIMIT_SECONDS = 1.0
STEPS = {
    "reads": "what is read for one page",
    "page": "GET /models",
    "json": "GET /api/models",
    "metrics": "GET /metrics, all models",
}


def print_report(report: Json, out: TextIO) -> None:
    """Print median and 95th percentile of each step on each database.

    The CPU is this process's alone: what a busy machine or a database server takes is not in it.
    """
    console = Console(file=out, width=110, highlight=False)
    title = f"List of models: {report['n_models']:,} models, {report['n_decisions']:,} decisions"
    table = Table("ledger", "step", title=title, title_justify="left")
    for head in ("median ms", "p95 ms", "slowest ms", "mean CPU ms", "median under 1 s"):
        table.add_column(head, justify="right")
    for backend, found in report["backends"].items():
        for step, name in STEPS.items():
            table.add_row(backend, name, *_cells(found[step], found[f"{step}_cpu"]))
    console.print(table)
    for backend, found in report["backends"].items():
        console.print(
            f"{backend}: {found['n_decisions']:,} decisions written in"
            f" {found['fill_seconds']:.0f} s; the specs are read once, in"
            f" {found['specs_seconds']:.1f} s; load average {found['load']:.1f}"
        )
    console.print(f"{report['cores']} cores, {report['n_requests']} requests of each step")


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile: the smallest that at least 95 % are not above."""
    ordered = sorted(seconds)
    return ordered[-(-len(ordered) * 95 // 100) - 1]


def _cells(seconds: Sequence[float], cpu: float) -> tuple[str, ...]:
    median = statistics.median(seconds)
    figures = (f"{1000 * value:.0f}" for value in (median, p95(seconds), max(seconds), cpu))
    return (*figures, "yes" if median < LIMIT_SECONDS else "NO")
