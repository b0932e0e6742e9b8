"""The first step of a run: what it is about, worked out once for all steps after it."""

from typing import TYPE_CHECKING

from evergreen.errors import NothingToDo
from evergreen.ledger.ledger import Ledger
from evergreen.records import Window
from evergreen.signals import Request
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.frozen_spec import freeze_spec
from evergreen.workflows.ingest.labelled_data import matured
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_config import check_request
from evergreen.workflows.run_state import RunInfo, accepted_batches, batch_of_run

if TYPE_CHECKING:
    from evergreen.storage.store import Store


def begin_decision(context: ModelContext, run: RunInfo) -> DecisionRun:
    """Check what was asked, find batch, windows and champion, and freeze the spec.

    Raises:
        RequestError: The conf is wrong, or there is no such batch.
        NothingToDo: The batch was decided before and nobody asks for it again.
    """
    name = context.spec.name
    request = check_request(
        run.conf,
        known_batches=accepted_batches(context.ledger, name),
        requested_by=run.requested_by,
    )
    batch = batch_of_run(run, context, asked=request.batch)
    identity = run.decision_id(name, batch)
    _check_not_decided(context.ledger, name, request, batch, identity)
    return decision_run(
        context.loaded, context.ledger, context.store, request, batch=batch, identity=identity
    )


def decision_run(
    loaded: LoadedSpec,
    ledger: Ledger,
    store: "Store",
    request: Request,
    *,
    batch: str,
    identity: str,
) -> DecisionRun:
    """Return what a run about a batch carries from its first task to its last.

    Args:
        loaded: The model's spec; it is frozen for the run.
        ledger: Knows the champion, and which labels have come.
        store: Where the frozen spec is kept.
        request: What was asked for.
        batch: Id of the batch.
        identity: Id of the decision.
    """
    spec = loaded.spec
    training, holdout = _windows(spec, ledger, request, before=batch)
    return DecisionRun(
        model=spec.name,
        batch=batch,
        decision_id=identity,
        request=request,
        spec_hash=freeze_spec(ledger, store, loaded),
        champion_version=_champion_before(ledger, spec.name, identity),
        training=training,
        holdout=holdout,
    )


def _check_not_decided(
    ledger: Ledger, model: str, request: Request, batch: str, identity: str
) -> None:
    decided = ledger.decisions.of_batch(model, batch)
    others = [decision for decision in decided if decision.id != identity]
    is_asked_for = request.force_retrain or request.dry_run or request.batch is not None
    if others and not is_asked_for:
        raise NothingToDo(
            f"batch already decided: {batch} in run {others[-1].run_id} ({others[-1].verdict});"
            " name the batch in the conf to decide again"
        )


def _champion_before(ledger: Ledger, model: str, identity: str) -> str | None:
    """Return the champion that a decision is about, None before the first.

    When the run has made a promotion already and is run again, that is the version it replaced: so
    it comes to the same decision again, instead of judging its own challenger against itself.
    """
    mine = ledger.promotions.by_decision(model, identity)
    if mine is not None:
        return mine.previous_version
    latest = ledger.promotions.latest(model)
    return None if latest is None else latest.version


def _windows(
    spec: ModelSpec, ledger: Ledger, request: Request, *, before: str
) -> tuple[Window | None, Window | None]:
    """Return training and holdout windows as of a batch; None while no label has matured."""
    from evergreen.data.windows import training_and_holdout

    ends = [d.window.end for d in matured(ledger, spec.name, before=before) if d.window is not None]
    if not ends:
        return None, None
    days = request.training_window_days
    return training_and_holdout(
        max(ends), spec.windows, training_days=None if days is None else float(days)
    )
