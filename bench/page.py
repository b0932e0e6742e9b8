"""The report of a benchmark, as the table that people read."""

from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

Json = dict[str, Any]


def print_report(report: Json, out: TextIO) -> None:
    """Print speed, memory, imports and targets; the figures are those of the JSON."""
    console = Console(file=out, width=110, highlight=False)
    console.print(_speed(report), _memory(report), _targets(report))
    machine = report["machine"]
    said = ", ".join(f"{name} {value}" for name, value in machine.items() if name != "cores")
    console.print(
        f"{machine['cores']} cores, {said}; medians of {report['repeats']} fresh processes,"
        f" imports and first call counted; {report['seconds']:.0f} s in all"
    )


def _speed(report: Json) -> Table:
    table = Table("table", title="Drift step against Evidently (PSI)", title_justify="left")
    for head in (
        "drift s",
        "preset s",
        "times",
        "ValueDrift s",
        "times",
        "warm s",
        "of read",
        "MB",
    ):
        table.add_column(head, justify="right")
    for one in report["speed"]:
        faster, warm = one["times_faster"], one["warm"]
        table.add_row(
            one["table"],
            f"{one['measure_drift']['seconds']:.2f}",
            f"{one['run_preset']['seconds']:.1f}",
            f"{faster['run_preset']:.0f}x",
            f"{one['run_value_drift']['seconds']:.1f}",
            f"{faster['run_value_drift']:.0f}x",
            f"{warm['seconds']['drift']:.3f}",
            f"{warm['times_read']:.1f}x",
            f"{one['measure_drift']['peak_mb']:.0f}",
        )
    return table


def _memory(report: Json) -> Table:
    table = Table("step", title="Memory and imports", title_justify="left")
    for head in ("seconds", "peak MB"):
        table.add_column(head, justify="right")
    rows = {f"drift step on {one['table']}": one for one in report["memory"]}
    rows["import of the quiet path"] = report["imports"]["quiet_path"]
    rows["import of Evidently's preset"] = report["imports"]["evidently"]
    for name, one in rows.items():
        table.add_row(name, f"{one['seconds']:.2f}", f"{one['peak_mb']:.0f}")
    return table


def _targets(report: Json) -> Table:
    table = Table("target", "wanted", title="Targets", title_justify="left")
    table.add_column("got", justify="right")
    table.add_column("met")
    for one in report["targets"]:
        met = "yes" if one["is_met"] else "NO"
        table.add_row(one["target"], one["wanted"], f"{one['got']:.2f}", met)
    return table
