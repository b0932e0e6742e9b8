"""The promotion benchmark as the tables that people read."""

from collections.abc import Sequence

from bench.promotion_figures import NAIVE, Found, targets
from bench.promotion_kept import HOLDOUTS, LEVELS, WAYS, OfStream, pooled, with_holdout
from bench.promotion_scores import Truth
from rich.console import Console
from rich.table import Table
from rich.text import Text

RULES = (NAIVE, *LEVELS)
TITLES: dict[Truth, str] = {
    "equal": "Equal challengers promoted: per retrain / at least once in 52",
    "worse": "Challengers worse by .01 AUC promoted: per retrain / at least once in 52",
    "better": "Power: challengers better by .01 AUC promoted, per retrain",
}


def print_report(console: Console, found: Found, sizes: Sequence[int]) -> None:
    """Print a table per truth, what a year before does, what it costs under drift, and targets."""
    for truth in TITLES:
        console.print(_promoted_table(found, truth, sizes))
    console.print(_after_table(found, sizes))
    for holdout in HOLDOUTS if found.streams else ():
        console.print(_kept_table(with_holdout(found.streams, holdout), holdout))
    console.print(_targets_table(found, sizes))


def _promoted_table(found: Found, truth: Truth, sizes: Sequence[int]) -> Table:
    table = _table(TITLES[truth], "rule", *(f"{n:,} rows" for n in sizes))
    for rule in RULES:
        shares = [found.shares(rule, n, truth) for n in sizes]
        cells = [
            _share(one.per_retrain)
            if truth == "better"
            else f"{_share(one.per_retrain)} / {_share(one.ever)}"
            for one in shares
        ]
        table.add_row(rule, *cells)
    return table


def _after_table(found: Found, sizes: Sequence[int]) -> Table:
    title = "One retrain after a year of retrains that were all alike: how often it is promoted"
    table = _table(title, "rule", "all year", "now", *(f"{n:,} rows" for n in sizes))
    kinds = dict.fromkeys((one.rule, one.year, one.truth) for one in found.after)
    for kind in kinds:
        of_size = {
            one.n_rows: one.share for one in found.after if (one.rule, one.year, one.truth) == kind
        }
        table.add_row(*kind, *(_share(of_size[n]) for n in sizes))
    return table


def _kept_table(streams: list[OfStream], holdout: float) -> Table:
    title = (
        "Kept by the policy default under drift (fits, promotions); holdout: the newest"
        f" {holdout:g} x a batch"
    )
    table = _table(title, "stream", *WAYS)
    for one in streams:
        cells = [
            f"{of.gain / one.available:.2f} ({of.n_fits}, {of.n_promotions})"
            if one.available > 0
            else "-"
            for of in (one.ways[way] for way in WAYS)
        ]
        table.add_row(one.stream, *cells)
    table.add_section()
    shares = [pooled(streams, way) for way in WAYS]
    cells = ["-" if share is None else f"{share:.3f}" for share in shares]
    table.add_row(Text("pooled", "bold"), *(Text(cell, "bold") for cell in cells))
    return table


def _targets_table(found: Found, sizes: Sequence[int]) -> Table:
    table = _table("What is asked of the rule", "target", "value", "asked", "met")
    for one in targets(found, sizes):
        met = Text("yes", "green") if one["is_met"] else Text("no", "bold red")
        table.add_row(one["what"], f"{one['value']:.3f}", f"{one['bound']} {one['limit']:g}", met)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        is_left = column in ("rule", "stream", "target", "all year", "now")
        table.add_column(column, justify="left" if is_left else "right", no_wrap=is_left)
    return table


def _share(share: float) -> str:
    return f"{share:.1%}"
