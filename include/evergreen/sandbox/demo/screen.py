"""How the demo speaks: a table that grows on a terminal, plain lines into a pipe."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from evergreen.sandbox.demo.story import BatchStory
from evergreen.sandbox.demo.table import draw_table, line

PIPED_WIDTH = 160
TITLE = "Decisions"


class Screen(Protocol):
    """What the play needs of its display."""

    def say(self, sentence: str) -> None:
        """Show one sentence that stays."""

    def now(self, doing: str) -> None:
        """Show what is happening now; the next call replaces it."""

    def alert(self, text: str) -> None:
        """Show an alert of the outbox."""

    def add(self, story: BatchStory) -> None:
        """Show what became of a batch."""


class PlainScreen:
    """Lines, each with the seconds since the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def say(self, sentence: str) -> None:
        """Write one line."""
        seconds = time.monotonic() - self._started
        self._console.print(Text(f"[{seconds:6.1f} s] {sentence}"), soft_wrap=True)

    def now(self, doing: str) -> None:
        """Write nothing: a pipe keeps every line, and these would be hundreds."""

    def alert(self, text: str) -> None:
        """Write the alert as it is."""
        self.say(f"alert {text}")

    def add(self, story: BatchStory) -> None:
        """Write the batch as one line and its sentence."""
        self.say(line(story))


class LiveScreen:
    """A table that grows, with what is happening now below it; sentences scroll by above."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._stories: list[BatchStory] = []
        self._spinner = Spinner("dots", Text("starting"))
        self._show()

    def say(self, sentence: str) -> None:
        """Print above the table."""
        self._live.console.print(Text(sentence))

    def now(self, doing: str) -> None:
        """Replace the line below the table."""
        self._spinner.update(text=Text(doing, no_wrap=True, overflow="ellipsis"))

    def alert(self, text: str) -> None:
        """Print above the table, the first line in colour."""
        head, _, rest = text.partition("\n")
        self._live.console.print(Text(f"alert {head}", "yellow"), Text(rest, "dim"), sep="\n")

    def add(self, story: BatchStory) -> None:
        """Let the table grow."""
        self._stories.append(story)
        self._live.console.print(Text(f"{story.batch}: {story.sentence}", "dim"))
        self._show()

    def _show(self) -> None:
        self._live.update(Group(draw_table(self._stories, title=TITLE), self._spinner))


def open_console() -> Console:
    """Open the terminal; a pipe gets wide lines."""
    console = Console(markup=False, highlight=False, emoji=False)
    return (
        console
        if console.is_terminal
        else Console(markup=False, highlight=False, emoji=False, width=PIPED_WIDTH)
    )


@contextmanager
def open_screen(console: Console) -> Iterator[Screen]:
    """Open what fits: live on a terminal, plain lines otherwise."""
    if not console.is_terminal:
        yield PlainScreen(console)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield LiveScreen(live)


def show_end(console: Console, stories: Sequence[BatchStory], sentences: Sequence[str]) -> None:
    """Show the whole table and what it says."""
    console.print(draw_table(stories, title=TITLE))
    for sentence in sentences:
        console.print(Text(sentence), soft_wrap=True)
