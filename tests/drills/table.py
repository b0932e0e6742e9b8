"""The table that `make drill` ends with: kind, how it was broken, the times, the commands."""

from collections.abc import Iterable, Sequence

from drills.play import Report

TITLES = ("alert", "how the suite was broken", "alerted", "commands", "recovered")


def lines_of(reports: Iterable[Report]) -> list[str]:
    """Return the table as text, one line a drill and, below it, each command that was typed."""
    shown = sorted(reports, key=lambda report: (report.kind, report.fault))
    if not shown:
        return []
    rows = [TITLES, *map(_row, shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TITLES))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(report: Report) -> Sequence[str]:
    return (
        report.kind,
        report.fault,
        _seconds(report.alerted_seconds),
        str(len(report.commands)),
        _seconds(report.recovered_seconds),
    )


def _seconds(seconds: float | None) -> str:
    return "NEVER" if seconds is None else f"{seconds:.0f} s"
