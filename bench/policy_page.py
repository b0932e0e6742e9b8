"""The policy benchmark as the tables that people read."""

from collections.abc import Sequence

from bench.policy_figures import (
    Played,
    answers,
    false_alarms_per_100,
    fits_per_burst,
    policies_of,
    pool,
    sound_quarantined,
    targets,
)
from rich.console import Console
from rich.table import Table
from rich.text import Text

ENDS = ("never", "every")


def print_report(console: Console, played: Sequence[Played]) -> None:
    """Print kept and cost per stream and delay, then changes, bursts and targets."""
    for delay in sorted({one.label_delay for one in played}):
        console.print(_kept_table([one for one in played if one.label_delay == delay], delay))
    for table in (_changes_table(played), _bursts_table(played), _targets_table(played)):
        if table.row_count:
            console.print(table)


def _kept_table(played: Sequence[Played], delay: int) -> Table:
    policies = [name for name in policies_of(played) if name not in ENDS]
    late = "labels at once" if delay == 0 else f"labels {delay} batch{'es' * (delay > 1)} later"
    table = _table(f"Kept / cost, {late}", "stream", "batches", "never", "every", *policies)
    for one in played:
        rows = one.rows
        scores = [f"{rows[end].score:.3f}" for end in ENDS]
        cells = [_kept_cell(rows[name].kept, rows[name].cost) for name in policies]
        table.add_row(one.name, f"{one.result.n_batches:,}", *scores, *cells)
    table.add_section()
    pooled = [pool(played, name) for name in policies]
    known = [one is not None for one in pooled]
    if all(known) and pooled:
        cells = [_kept_cell(one.kept, one.cost) for one in pooled if one is not None]
        worst = [f"{one.worst:.2f}" for one in pooled if one is not None]
        table.add_row(Text("pooled", "bold"), "", "", "", *(Text(cell, "bold") for cell in cells))
        table.add_row("worst", "", "", "", *(Text(f"{cell}        ") for cell in worst))
    return table


def _changes_table(played: Sequence[Played]) -> Table:
    table = _table(
        "Known changes: batches until the first alarm / the first retrain",
        *("stream", "delay", "policy", "alarm", "retrain", "false alarms per 100 batches"),
    )
    for one in played:
        if not one.known.changes and not one.known.has_known_changes:
            continue
        for name in one.rows:
            if name in (*ENDS, "periodic"):
                continue
            found = answers(one, name)
            false = false_alarms_per_100(one, name)
            table.add_row(
                one.name,
                str(one.label_delay),
                name,
                _listed([change["alarm_after"] for change in found]),
                _listed([change["fit_after"] for change in found]),
                "unknown" if false is None else f"{false:.1f}",
            )
    return table


def _bursts_table(played: Sequence[Played]) -> Table:
    table = _table(
        "Bursts of bad data",
        *("stream", "delay", "policy", "retrains in each burst", "sound batches quarantined"),
    )
    for one in played:
        if not one.known.bursts:
            continue
        for name in one.rows:
            if name in (*ENDS, "periodic"):
                continue
            counts = _listed(fits_per_burst(one, name))
            share = sound_quarantined(one, name)
            table.add_row(one.name, str(one.label_delay), name, counts, f"{share:.1%}")
    return table


def _targets_table(played: Sequence[Played]) -> Table:
    table = _table("What is asked of default", "target", "value", "asked", "met")
    for one in targets(played):
        value = "-" if one["value"] is None else f"{one['value']:.3g}"
        asked = f"{one['bound']} {one['limit']:g}"
        met = Text("yes", "green") if one["is_met"] else Text("no", "bold red")
        table.add_row(one["what"], value, asked, met)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        is_left = column in ("stream", "policy", "target")
        table.add_column(column, justify="left" if is_left else "right", no_wrap=is_left)
    return table


def _kept_cell(kept: float | None, cost: float) -> str:
    share = "-" if kept is None else f"{kept:.2f}"
    return f"{share} / {cost:.3f}"


def _listed(counts: Sequence[int | None]) -> str:
    return ", ".join("never" if count is None else str(count) for count in counts) or "-"
