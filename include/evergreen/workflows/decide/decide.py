"""From what was measured to a decision: ask the policy, keep what was decided, draw the report."""

from math import ceil
from typing import TYPE_CHECKING

from evergreen.errors import DataError
from evergreen.ledger.ledger import Ledger
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.records import Window
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.chance_level import chance_of
from evergreen.workflows.decide.policy_inputs import PolicyInputs, recounted
from evergreen.workflows.decide.score import ScoringAccess
from evergreen.workflows.decide.version_baseline import read_profile
from evergreen.workflows.decision_run import DecisionRun, MeasuredDrift
from evergreen.workflows.ingest.labelled_data import count_labelled
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import was_held
from evergreen.workflows.run_state import newer_batch

if TYPE_CHECKING:
    from evergreen.storage.store import Store


def decide_batch(
    context: ModelContext,
    run: DecisionRun,
    drift: MeasuredDrift,
    decay: DecayMeasurement,
    *,
    run_id: str,
) -> tuple[PolicyDecision, PolicySignals]:
    """Ask the policy about a batch and keep the answer; a dry run keeps it in scratch only."""
    from evergreen.policy import PolicyRules, decide

    known = context.ledger.decisions.state_before(context.spec.name, run.decision_id)
    state = recounted(context.spec, context.ledger, run.batch, known)
    held = was_held(context, run.decision_id)
    signals = signals_for(ScoringAccess.of(context), run, drift, decay, state, was_held=held)
    decision, after = decide(signals, state, PolicyRules.of(context.spec))
    if signals.request.dry_run:
        context.store.write_json(_decision_path(run), decision.to_json())
        return decision, signals
    is_past = newer_batch(context.ledger, run.model, run.batch) is not None
    context.ledger.decisions.open(
        context.spec.name,
        run.batch,
        run_id,
        decision=decision,
        signals=signals,
        spec_hash=run.spec_hash,
        state_after=None if is_past else after,
    )
    return decision, signals


def signals_for(
    access: ScoringAccess,
    run: DecisionRun,
    drift: MeasuredDrift,
    decay: DecayMeasurement,
    state: PolicyState,
    *,
    was_held: bool,
) -> PolicySignals:
    """Return all that the policy may use.

    Args:
        access: The model's spec, rows and models.
        run: What is decided about.
        drift: What was measured of it.
        decay: What was measured of the champion.
        state: What the last decision left behind.
        was_held: A promotion was held, and no hold or freeze is in force now.
    """
    from evergreen.metrics import higher_is_better
    from evergreen.metrics.chance import unit_of

    scratch = run.scratch if run.request.dry_run else None
    spec, ledger, store = access.spec, access.ledger, access.store
    inputs = PolicyInputs(
        access, run.batch, drift.version, counted_from=state.counted_from, scratch=scratch
    )
    is_paced = spec.policy.name == "default"
    at_chance = chance_of(spec, ledger, store, drift.version, before=run.batch)
    held_out = ceil(spec.windows.holdout_days / spec.arrivals.every_days)
    fitted = state.fitted_through  # the rows of its holdout had come before it: they are not new
    return PolicySignals(
        batch=run.batch,
        number=inputs.number,
        champion_version=drift.version,
        champion=inputs.champion,
        rivals=inputs.rivals if is_paced else (),
        labelled=inputs.labelled() if is_paced else inputs.arrived(),
        window_batches=spec.windows.training_days / spec.arrivals.every_days,
        holdout_batches=held_out,
        chance=at_chance,
        unit=unit_of(spec.metric, at_chance),
        higher_is_better=higher_is_better(spec.metric),
        drift=read_drift(store, drift),
        decay=decay,
        n_training_rows=_rows_in(spec, ledger, store, run.training, run.batch),
        n_holdout_rows=_rows_in(spec, ledger, store, run.holdout, run.batch),
        batches_since_champion=inputs.batches_since_champion,
        was_held=was_held,
        n_new_rows=inputs.n_new_rows(None if fitted is None else fitted + held_out),
        request=run.request,
    )


def decision_of(context: ModelContext, run: DecisionRun) -> PolicyDecision:
    """Return what was decided in this run.

    Raises:
        DataError: Nothing was decided yet.
    """
    if run.request.dry_run:
        return PolicyDecision.from_json(context.store.read_json(_decision_path(run)))
    decided = context.ledger.decisions.get(run.decision_id).decided
    if decided is None:
        raise DataError(f"decision {run.decision_id} is of an older version; clear decide")
    return decided


def _decision_path(run: DecisionRun) -> str:
    return f"{run.scratch}/decision.json"


def wants_report(context: ModelContext, signals: PolicySignals) -> bool:
    """Return whether the drift report is to be drawn for these signals."""
    wanted = context.spec.drift.report
    if signals.drift is None or signals.request.dry_run:
        return False
    if signals.request.draw_report or wanted == "always":
        return True
    return wanted == "when_crossed" and bool(signals.drift.drifted)


def draw_drift_report(context: ModelContext, run: DecisionRun) -> str:
    """Draw the report over a sample of reference and batch; return its address.

    The numbers are those of the decision in the ledger, so it can be drawn again at any time.
    """
    from evergreen.drift.report.evidently_report import draw_report

    measured = context.ledger.decisions.get(run.decision_id).signals.drift
    if measured is None or run.champion_version is None:
        raise DataError(f"no drift was measured for batch {run.batch}; clear measure_drift")
    entry = context.ledger.versions.get(context.spec.name, run.champion_version)
    reference = context.store.read_table(f"{entry.folder}/reference.parquet")
    current = read_snapshot(context.store, taken(context.ledger, run.model, "data", run.batch))
    html = draw_report(
        reference.to_pandas(),
        current.to_pandas(),
        measured,
        read_profile(context.ledger, context.store, run.model, run.champion_version),
    )
    path = report_path(context.spec.name, run.batch)
    context.store.write_bytes(path, html.encode())
    return context.store.uri_of(path)


def report_path(model: str, batch: str) -> str:
    """Return the place of a batch's drift report in the store."""
    return f"reports/{model}/{batch}/drift.html"


def read_drift(store: "Store", drift: MeasuredDrift) -> DriftMeasurement | None:
    """Return what ``measure_batch_drift`` measured."""
    if drift.path is None:
        return None
    return DriftMeasurement.from_json(store.read_json(drift.path))


def _rows_in(
    spec: ModelSpec, ledger: Ledger, store: "Store", window: Window | None, before: str
) -> int:
    return 0 if window is None else count_labelled(spec, ledger, store, window, before=before)
