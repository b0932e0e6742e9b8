"""A back-test on a terminal: how far it is, and its table."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.report.phrases import percent, printable
from evergreen.backtest.report.summary import frontier, summarise
from evergreen.spec.model import MetricName

OnProgress = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 10.0
LOG_WIDTH = 120
COLUMNS = (
    "policy",
    "score",
    "kept",
    "cost",
    "fits",
    "promotions",
    "alarms",
    "quarantined",
)


@contextmanager
def showing_progress(console: Console, doing: str) -> Iterator[OnProgress]:
    """Show how far the work is: a bar on a terminal, now and then a line in a pipe.

    Args:
        console: Where to; best the one of the error stream, so that a pipe gets the result only.
        doing: What is being done, a few words.

    Yields:
        To be called with steps done and steps in all.
    """
    if not console.is_terminal:
        yield tell_progress(doing, lambda line: console.print(Text(line), soft_wrap=True))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(printable(doing), total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance


def draw_table(result: BacktestResult, metric: MetricName) -> Table:
    """Draw one row per policy; those on the frontier of gain against cost are bold."""
    rows = summarise(result, metric)
    best = frontier(rows)
    table = Table(header_style="bold", expand=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "policy" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            printable(row.policy),
            "-" if row.score is None else f"{row.score:.4f}",
            "-" if row.kept is None else f"{row.kept:.2f}",
            f"{row.cost:.3f}",
            f"{row.n_fits:,}",
            "-" if row.n_promotions is None else f"{row.n_promotions:,}",
            f"{row.n_alarms:,}",
            f"{row.n_quarantined:,}",
            style="bold" if row.policy in best else "",
        )
    return table


def table_lines(result: BacktestResult, metric: MetricName) -> list[str]:
    """Return the table as plain lines, for a log."""
    out = StringIO()
    Console(file=out, width=LOG_WIDTH, color_system=None).print(draw_table(result, metric))
    return out.getvalue().splitlines()


def tell_progress(doing: str, say: Callable[[str], None]) -> OnProgress:
    """Return a function that says now and then how far the work is, and once at its end.

    Args:
        doing: What is being done, a few words.
        say: Told a line.
    """
    started = last = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES and done < total:
            return
        last = now
        share = percent(done / total) if total else ""
        say(f"{doing}: {share} after {now - started:.0f} s")

    return advance
