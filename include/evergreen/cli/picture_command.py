"""``evergreen picture``: the chart of a Slack thread, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from evergreen.cli.console import examples, plain, say
from evergreen.cli.ledger_commands import NOTHING_FOUND, Model, open_ledger
from evergreen.spec.loader import load_specs

picture_app = typer.Typer()


@picture_app.command(
    "picture",
    epilog=examples(
        "evergreen picture flights                     write flights.png",
        "evergreen picture flights --output drift.png",
    ),
)
def picture(
    model: Model,
    output: Annotated[
        Path | None,
        typer.Option(help="PNG file to write.", show_default="<model>.png", dir_okay=False),
    ] = None,
) -> None:
    """Draw the metric with its interval, and drift, over the newest batches of a model.

    It is the chart of a Slack thread. If fewer than three batches were measured, nothing is written
    and the exit code is 1.
    """
    from evergreen.slack.chart import alt_of, draw
    from evergreen.workflows.alerts.thread_chart import history_of

    with open_ledger() as (ledger, settings):
        spec = load_specs(settings.models_dir, home=settings.home).find(model).spec
        history = history_of(ledger, spec.name, spec.drift.share_to_retrain)
    if not history.is_telling:
        say(f"fewer than three batches of {spec.name} were measured; there is no chart yet")
        raise typer.Exit(NOTHING_FOUND)
    file = output or Path(f"{spec.name}.png")
    file.write_bytes(draw(history))
    say(plain(f"{file}: {alt_of(history)}"))
