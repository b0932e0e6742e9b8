"""``evergreen land``: play the upstream system that delivers batches and labels."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evergreen.cli.console import examples, plain, say
from evergreen.errors import RequestError
from evergreen.landing.deliver import PlannedBatch
from evergreen.landing.faults import Fault
from evergreen.records import Manifest
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

    from evergreen.storage.store import Store

land_app = typer.Typer(help="Play the upstream system: deliver batches and, later, their labels.")

MODEL = "flights"
DAYS = {"day": 1, "week": 7}


@land_app.command(
    "flights",
    epilog=examples(
        "evergreen land flights                                   the next batch",
        "evergreen land flights --weeks 1..8                      eight weeks at once",
        "evergreen land flights --weeks 1..9 --history-weeks 8    a long first batch, then a week",
        "evergreen land flights --from 2013-03-01 --to 2013-03-07 --every day",
        "evergreen land flights --batch 2013-03-05 --fault half_missing",
    ),
)
def flights(
    *,
    batch: Annotated[
        list[str] | None, typer.Option(help="This batch; may be given several times.")
    ] = None,
    weeks: Annotated[
        str | None, typer.Option(help="The batches of these weeks, such as 3..8; 1 is the first.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="The batches that start on this day or later.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="The batches that start on this day or before.")
    ] = None,
    every: Annotated[Literal["day", "week"], typer.Option(help="Length of a batch.")] = "week",
    history_weeks: Annotated[
        int,
        typer.Option(
            min=0,
            help="Length of the very first batch, in weeks, for a quick start; 0: as the others.",
        ),
    ] = 0,
    labels: Annotated[
        bool, typer.Option(help="Also deliver the labels that are due with each batch.")
    ] = True,
    fault: Annotated[Fault | None, typer.Option(help="Deliver the batch with this fault.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Play another year: nine rows in ten, drawn by this seed."),
    ] = None,
) -> None:
    """Deliver flights of 2013 into the landing area of include/models/flights.

    Without --batch, --weeks, --from or --to it delivers the batch after the newest that has landed.
    The labels of a batch come with a later batch (arrivals.label_delay_batches in the spec). A
    batch that is already there is replaced. Use the same --every, --history-weeks and --seed every
    time.
    """
    from evergreen.cli.landing_plan import Choice, make_plan
    from evergreen.landing.deliver import sample_rows
    from evergreen.landing.flights import load_flights
    from evergreen.workflows.model_context import open_store

    settings = read_settings()
    spec = load_spec(settings.models_dir / MODEL, home=settings.home).spec
    landing = open_store(spec.landing.uri, spec.landing.connection_id)
    frame = sample_rows(load_flights(settings.home), seed=seed)
    choice = Choice(tuple(batch or ()), weeks, first, last)
    plan = make_plan(frame, choice, landing, every_days=DAYS[every], history_weeks=history_weeks)
    if fault is not None and len(plan.chosen) > 1:
        raise RequestError("--fault needs one batch, several are chosen; choose one with --batch")
    try:
        for one in plan.chosen:
            _deliver(spec, frame, one, landing, fault=fault, seed=seed or 0)
            due = plan.labels_due_with(one, delay=spec.arrivals.label_delay_batches)
            if labels and due is not None:
                _deliver_labels(spec, frame, due)
    except ValueError as err:  # the spec names columns that flights do not have
        raise RequestError(f"flights cannot be delivered for this spec: {err}") from err


def _deliver(
    spec: ModelSpec,
    frame: "pd.DataFrame",
    batch: PlannedBatch,
    landing: "Store",
    *,
    fault: Fault | None,
    seed: int,
) -> None:
    from evergreen.landing.deliver import deliver_batch

    told = deliver_batch(landing, spec, frame, batch.window, batch.batch, fault=fault, seed=seed)
    _tell(told, landing.uri, fault)


def _deliver_labels(spec: ModelSpec, frame: "pd.DataFrame", batch: PlannedBatch) -> None:
    from evergreen.landing.deliver import deliver_labels
    from evergreen.workflows.model_context import open_store

    store = open_store(spec.labels.uri, spec.labels.connection_id)
    _tell(deliver_labels(store, spec, frame, batch.window, batch.batch), store.uri)


def _tell(manifest: Manifest, uri: str, fault: str | None = None) -> None:
    broken = f", broken: {fault}" if fault else ""
    say(
        f"{manifest.kind:6} {manifest.batch}  {manifest.n_rows:>7,} rows in {len(manifest.files)}"
        f" files  {manifest.window}{broken}  {plain(uri)}/{manifest.batch}"
    )
