"""``evergreen backtest``: score and cost of each policy, replayed on history."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from evergreen.cli.console import examples
from evergreen.spec.promoting import Level

backtest_app = typer.Typer()

MAX_SEED = 2**31 - 1
PRINTED = """\b
Printed for each policy:
  score   mean of the metric over the batches
  kept    share of what retraining at every batch gains over never retraining;
          "-" if that gain is below .01
  cost    trainings per batch; one on part of the window counts as that part
  fits    trainings; all numbers of periodic are means over its phases

"""


@backtest_app.command(
    "backtest",
    epilog=PRINTED
    + examples(
        "evergreen backtest flights                      a model of the suite, over its history",
        "evergreen backtest flights --html flights.html  and draw the page",
        "evergreen backtest --data sales.parquet --time ts --target bought \\",
        "    --window 50000 --batch 6000 --json sales.json --html sales.html",
        "evergreen backtest --data sales.parquet --time ts --target bought --ignore order_id \\",
        "    --window 50000 --batch 6000 --label-delay 2 --policy default --jobs 4",
        "evergreen backtest flights --promotion strict   the cost of a stricter rule",
        "jq '.policies | map_values({score, cost})' sales.json",
    ),
)
def backtest(
    *,
    model: Annotated[
        str | None,
        typer.Argument(
            help="Model of the suite, such as flights; or give --data.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Parquet table in order of time, instead of a model."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="With --data: timestamps, dates or numbers that never decrease."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="With --data: two or more classes, as whole numbers, text or booleans. Every other"
            " column is a feature.",
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            help="With --data: the first champion learns from this many rows, and each challenger"
            " from the newest this many that have labels.",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            help="With --data: rows of a batch. An incomplete last batch is left out.",
        ),
    ] = None,
    label_delay: Annotated[
        int | None,
        typer.Option(
            metavar="BATCHES",
            help="With --data: labels arrive this many batches later; 0: right after scoring.",
            show_default="0",
        ),
    ] = None,
    metric: Annotated[
        Literal["auc", "accuracy"] | None,
        typer.Option(
            help="With --data: the metric.",
            show_default="auc for two classes, else accuracy",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="With --data: a column that is no feature, such as an id; may be repeated.",
        ),
    ] = None,
    history: Annotated[
        Literal["auto", "stored", "replay"] | None,
        typer.Option(
            help="With a model: the stored batches, or the flights of 2013 (flights only)."
            " auto replays 2013 while less than half a year is stored.",
            show_default="auto",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="default, thresholds, periodic, every or never; may be repeated. never,"
            " every and periodic are always included.",
            show_default="all",
        ),
    ] = None,
    promotion: Annotated[
        Level | None,
        typer.Option(
            help="Promote a challenger only if it passes the rule at this level. never and every"
            " have no rule, for comparison.",
            show_default="every challenger is promoted",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_SEED, help="The same seed gives the same JSON, except `seconds`."
        ),
    ] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Threads to use.", show_default="all cores")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="OUT", help="Write every score, fit and alarm to this file."
        ),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="OUT", help="Write the report to this file; it needs no network."
        ),
    ] = None,
) -> None:
    """Replay the policies on history and compare their scores and costs.

    Each batch is scored by the champion of that time before any training uses it, and a policy gets
    labels only after they would have arrived. Everything is checked before the first training.
    """
    from evergreen.cli.backtest_run import Asked, run

    run(
        Asked(
            model=model,
            data=data,
            time=time,
            target=target,
            window=window,
            batch=batch,
            label_delay=label_delay,
            metric=metric,
            ignore=tuple(ignore or ()),
            history=history,
            policies=tuple(policy or ()),
            promotion=promotion,
            seed=seed,
            jobs=jobs,
            json_file=json_file,
            html_file=html_file,
        )
    )
