from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from builders.ledger_rows import add_delivery
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.demo.screen import open_screen, show_end
from evergreen.sandbox.demo.story import BatchStory


@pytest.fixture
def story(tmp_path: Path) -> BatchStory:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    add_delivery(ledger, "2013-03-05", broken_rule="half of [bold]temp[/bold] is null")
    delivery = ledger.batches.delivery("flights", "data", "2013-03-05")
    assert delivery is not None
    return BatchStory.of_rejection(delivery, fault=None, champion="1", seconds=9, steps={})


def play(console: Console, story: BatchStory) -> str:
    with open_screen(console) as screen:
        screen.say("landed 2013-03-05")
        screen.now("ingest · check_quality")
        screen.alert("[data_rejected] flights\n    half of temp is null")
        screen.add(story)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_plain_lines(story: BatchStory) -> None:
    shown = play(Console(file=StringIO(), width=200), story)

    assert "landed 2013-03-05" in shown
    assert "alert [data_rejected] flights" in shown
    assert "half of [bold]temp[/bold] is null" in shown
    assert "check_quality" not in shown
    assert "\x1b" not in shown


def test_a_terminal_gets_a_table_that_grows(story: BatchStory) -> None:
    shown = play(Console(file=StringIO(), width=200, force_terminal=True), story)

    assert "landed 2013-03-05" in shown
    assert "data_rejected" in shown
    assert "worst PSI" in shown
    assert "half of [bold]temp[/bold] is null" in shown


def test_the_end_is_the_whole_table(story: BatchStory) -> None:
    console = Console(file=StringIO(), width=200)

    show_end(console, [story], ["1 weekly batch."])

    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "2013-03-05" in shown
    assert shown.endswith("1 weekly batch.\n")
