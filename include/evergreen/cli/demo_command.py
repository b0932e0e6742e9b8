"""``evergreen demo``: the whole loop on this machine, on real flights."""

from pathlib import Path
from typing import Annotated

import typer

from evergreen.cli.console import examples
from evergreen.presentation.datetimes import read_moment
from evergreen.sandbox.demo.options import DEFAULT_START, DEFAULT_WEEKS, DemoOptions

demo_app = typer.Typer()


@demo_app.command(
    "demo",
    epilog=examples(
        "evergreen demo                       ten weeks, then Airflow and MLflow keep running",
        "evergreen demo --exit                stop everything at the end",
        "evergreen demo --seed 7              another year: nine flights in ten",
        "evergreen demo --start 2013-06-04    another season",
        "DEMO_WEEKS=6 DEMO_EXIT=1 make demo   the same options from the environment",
    ),
)
def demo(
    *,
    should_exit: Annotated[
        bool,
        typer.Option(
            "--exit/--no-exit",
            envvar="DEMO_EXIT",
            help="Stop everything at the end, or keep Airflow and MLflow running until Ctrl-C.",
        ),
    ] = False,
    weeks: Annotated[
        int, typer.Option(envvar="DEMO_WEEKS", help="Weekly batches after the history.")
    ] = DEFAULT_WEEKS,
    seed: Annotated[
        int | None,
        typer.Option(
            envvar="DEMO_SEED", help="Play another year: nine flights in ten, drawn by this seed."
        ),
    ] = None,
    start: Annotated[
        str, typer.Option(envvar="DEMO_START", help="First day of the history, in 2013.")
    ] = DEFAULT_START.isoformat(),
    report: Annotated[
        Path, typer.Option(envvar="DEMO_REPORT", help="Where to write the report.")
    ] = DemoOptions.report,
) -> None:
    """Watch real Airflow take weekly flights from landing to decision.

    Starts a database, MLflow and Airflow on this machine, lands one batch a week, breaks one,
    forces a retrain once, prints each decision when it is made and the table at the end. No
    decision is scripted: another seed or start changes them.
    """
    options = DemoOptions(
        weeks=weeks,
        seed=seed,
        start=read_moment(start).date(),
        report=report,
        exit_when_done=should_exit,
    )
    from evergreen.sandbox.demo.run import run

    raise typer.Exit(run(options))
