"""All commands. Exit codes: 0 done, 1 nothing found or a check failed, 2 refused with a message."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from rich.text import Text

from evergreen.cli.alert_commands import alert_app
from evergreen.cli.backtest_command import backtest_app
from evergreen.cli.calibrate_command import calibrate_app
from evergreen.cli.champion_commands import champion_app
from evergreen.cli.check_command import check_app
from evergreen.cli.console import plain, say
from evergreen.cli.demo_command import demo_app
from evergreen.cli.land_commands import land_app
from evergreen.cli.ledger_commands import history_app, ledger_app
from evergreen.cli.picture_command import picture_app
from evergreen.cli.promotion_commands import people_app
from evergreen.cli.reproduce_command import reproduce_app
from evergreen.cli.spec_commands import spec_app
from evergreen.errors import EvergreenError

USER_ERROR = 2

app = typer.Typer(
    name="evergreen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Keep tabular models fresh: decisions, their reasons, and the champion.

    \b
    evergreen demo                        watch the whole loop on real flights
    evergreen decisions flights           list the decisions about a model
    evergreen why flights 2013-03-08      why that week was, or was not, retrained
    evergreen champion flights            the champion; --at 2013-06-01: the champion then
    evergreen incidents --open            open incidents: since when, who works on them
    evergreen check flights               check a model; exit code 1 if a check fails
    evergreen picture flights             metric and drift of the newest batches, as PNG
    evergreen backtest flights            replay the policies on history: score and cost
    evergreen calibrate flights           drift limits, and how often they are wrong
    evergreen reproduce 5f2b6c0e9d1a4b37  train that model again and compare the files
    evergreen spec check                  check every model.yaml

    Addresses come from the environment: EVERGREEN_HOME, EVERGREEN_LEDGER_URL,
    EVERGREEN_STORE_URI, MLFLOW_TRACKING_URI.
    """,
)
app.add_typer(demo_app)
app.add_typer(backtest_app)
app.add_typer(history_app)
app.add_typer(alert_app)
app.add_typer(champion_app)
app.add_typer(check_app)
app.add_typer(people_app)
app.add_typer(calibrate_app)
app.add_typer(picture_app)
app.add_typer(reproduce_app)
app.add_typer(spec_app, name="spec", no_args_is_help=True)
app.add_typer(land_app, name="land", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger", no_args_is_help=True)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"evergreen {version('evergreen')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _show_version(wanted=value),
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Options of all commands."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; always ends in ``SystemExit``."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="evergreen")
    except EvergreenError as err:
        say(Text.assemble(("Error: ", "bold red"), plain(err)), stderr=True)
        sys.exit(USER_ERROR)
