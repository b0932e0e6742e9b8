"""Output of the commands: tables for people, JSON for programs, one line for errors."""

import json
import os
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 180
UNBROKEN = ("batch", "feature", "signal", "champion", "raised")

STYLES = {
    "accepted": "green",
    "promoted": "bold green",
    "bootstrapped": "bold green",
    "delivered": "green",
    "kept": "yellow",
    "held": "bold yellow",
    "refused": "yellow",
    "drifted": "yellow",
    "decayed": "yellow",
    "pending": "yellow",
    "stable": "",
    "insufficient_data": "dim",
    "not_computable": "red",
    "rejected": "red",
    "failed": "bold red",
    "undeliverable": "bold red",
}


def screen(*, stderr: bool = False) -> Console:
    """Return the terminal; a pipe gets wide lines, so that ``grep`` finds whole sentences."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = PIPED_WIDTH
    return console


def examples(*lines: str) -> str:
    """Return lines for the end of a command's help, each on its own line as written."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def say(text: str | Text, *, stderr: bool = False) -> None:
    """Write a message; the terminal wraps it, so that a copied line is whole."""
    screen(stderr=stderr).print(text, soft_wrap=True)


def plain(value: object) -> str:
    """Return a value as text without control characters, which names of columns may contain."""
    text = str(value).replace("\N{NO-BREAK SPACE}", " ")
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def cell(value: object, *, style: str | None = None) -> Text:
    """Return a table cell; a known state is coloured."""
    text = plain("" if value is None else value)
    return Text(text.replace("_", " ") if text in STYLES else text, style or STYLES.get(text, ""))


def make_table(title: str, columns: Iterable[str], *, wide: Iterable[str] = ()) -> Table:
    """Return an empty table; columns in ``wide`` share the remaining width and fold their text."""
    table = Table(title=Text(plain(title)), title_justify="left", header_style="bold", expand=False)
    taking = set(wide)
    for column in columns:
        table.add_column(
            column,
            overflow="fold",
            ratio=1 if column in taking else None,
            no_wrap=column in UNBROKEN,
        )
    return table


def show_json(value: Any) -> None:
    """Write a value as JSON, for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
