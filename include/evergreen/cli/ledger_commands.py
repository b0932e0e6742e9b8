"""Commands that read the ledger, ``decisions`` and ``why``; and the one that prepares it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from evergreen.cli.console import (
    examples,
    plain,
    say,
    screen,
    show_json,
)
from evergreen.ledger.ledger import Ledger
from evergreen.settings import Settings, read_settings

history_app = typer.Typer()
ledger_app = typer.Typer(help="Prepare the ledger, the database of all decisions.")

Model = Annotated[
    str, typer.Argument(help="Name of the model, such as flights.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]

NOTHING_FOUND = 1


@contextmanager
def open_ledger() -> Iterator[tuple[Ledger, Settings]]:
    """Open the ledger of the environment, with the settings."""
    settings = read_settings()
    with Ledger(settings.ledger_url) as ledger:
        yield ledger, settings


@ledger_app.command(
    "migrate",
    epilog=examples(
        "evergreen ledger migrate",
        "EVERGREEN_LEDGER_URL=postgresql+psycopg2://me@host/evergreen evergreen ledger migrate",
    ),
)
def migrate() -> None:
    """Create the ledger's tables, or update them to the newest version. Safe to repeat."""
    from sqlalchemy.engine import make_url

    with open_ledger() as (ledger, settings):
        ledger.migrate()
    url = make_url(settings.ledger_url).render_as_string(hide_password=True)
    say(f"The ledger is up to date: {url}")


@history_app.command(
    "decisions",
    epilog=examples(
        "evergreen decisions flights",
        "evergreen decisions flights --limit 10",
        "evergreen decisions flights --json | jq '.[].decision.verdict'",
    ),
)
def decisions(
    model: Model,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the newest rows.", show_default="all")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the batches of a model: gate, drift, decay, verdict and champion of each."""
    from evergreen.cli.history_view import draw_history
    from evergreen.workflows.decide.decision_history import read_history, require_known

    with open_ledger() as (ledger, settings):
        rows = read_history(ledger, model, limit=limit)
        require_known(model, rows, settings)
    if as_json:
        show_json([row.to_json() for row in rows])
    elif rows:
        console = screen()
        console.print(draw_history(model, rows, width=console.width))
    else:
        say(f"No batch of {plain(model)} has arrived yet.")


@history_app.command(
    "why",
    epilog=examples(
        "evergreen why flights 2013-03-08         the batch of 8 March",
        "evergreen why flights 2013-03-08T06:00   the batch of that hour",
        "evergreen why flights 2013-03-05 --json",
    ),
)
def why(
    model: Model,
    batch: Annotated[
        str, typer.Argument(help="A batch, or any date or time in it.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Explain one batch: every signal with its limit, the verdict, and the outcome."""
    from evergreen.cli.batch_view import show_explanation
    from evergreen.workflows.decide.decision_history import (
        explain_batch,
        find_batch,
        read_history,
        require_known,
        spec_now,
    )

    with open_ledger() as (ledger, settings):
        rows = read_history(ledger, model)
        require_known(model, rows, settings)
        loaded = spec_now(model, settings)
        every_days = None if loaded is None else loaded.spec.arrivals.every_days
        found = find_batch(rows, batch, every_days=every_days)
        explanation = explain_batch(ledger, model, found, loaded=loaded)
    if as_json:
        show_json(explanation.to_json())
    else:
        show_explanation(screen(), explanation)
