"""From what was measured to a decision: ask the policy, keep what was decided, draw the report."""

from math import ceil
from typing import Any

from evergreen.errors import DataError
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.orchestration.dag_runs import newer_batch
from evergreen.records import Window
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState, Request
from evergreen.workflows.decide.chance_level import chance_of
from evergreen.workflows.decide.policy_inputs import Eyes
from evergreen.workflows.decide.version_baseline import read_profile
from evergreen.workflows.ingest.labelled_data import count_labelled, matured
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import was_held

Payload = dict[str, Any]


def decide_batch(
    context: ModelContext, asked: Payload, drift: Payload, decay: Payload, run_id: str
) -> tuple[PolicyDecision, PolicySignals]:
    """Ask the policy about a batch and keep the answer; a dry run keeps it in scratch only."""
    from evergreen.policy import PolicyRules, decide

    state = context.ledger.decisions.state_before(context.spec.name, asked["decision"])
    signals = signals_for(context, asked, drift, decay, state)
    decision, after = decide(signals, state, PolicyRules.of(context.spec))
    if signals.request.dry_run:
        context.store.write_json(_decision_path(context, asked), decision.to_json())
        return decision, signals
    is_past = newer_batch(context, asked["batch"]) is not None
    context.ledger.decisions.open(
        context.spec.name,
        asked["batch"],
        run_id,
        decision=decision,
        signals=signals,
        spec_hash=context.loaded.spec_hash,
        state_after=None if is_past else after,
    )
    return decision, signals


def signals_for(
    context: ModelContext, asked: Payload, drift: Payload, decay: Payload, state: PolicyState
) -> PolicySignals:
    """Gather all that the policy may look at."""
    from evergreen.metrics import higher_is_better
    from evergreen.metrics.chance import unit_of

    training, holdout = windows_for(context, asked)
    scratch = _scratch(context, asked) if asked["request"]["dry_run"] else None
    eyes = Eyes(context, asked["batch"], drift["version"], scratch=scratch)
    is_paced = context.spec.policy.name == "default"
    at_chance = chance_of(context, drift["version"], before=asked["batch"])
    held_out = ceil(context.spec.windows.holdout_days / context.spec.arrivals.every_days)
    fitted = state.fitted_through  # what it held out was there already: it is not new
    return PolicySignals(
        batch=asked["batch"],
        position=eyes.position,
        champion_version=drift["version"],
        champion=eyes.champion,
        rivals=eyes.rivals if is_paced else (),
        labelled=eyes.labelled() if is_paced else eyes.arrived(),
        window_batches=context.spec.windows.training_days / context.spec.arrivals.every_days,
        holdout_batches=held_out,
        chance=at_chance,
        unit=unit_of(context.spec.metric, at_chance),
        higher_is_better=higher_is_better(context.spec.metric),
        drift=read_drift(context, drift),
        decay=DecayMeasurement.from_json(decay),
        n_training_rows=_rows_in(context, training, asked["batch"]),
        n_holdout_rows=_rows_in(context, holdout, asked["batch"]),
        batches_since_champion=eyes.batches_since_champion,
        was_held=was_held(context, asked["decision"]),
        n_new_rows=eyes.n_new_rows(None if fitted is None else fitted + held_out),
        request=Request.from_json(asked["request"]),
    )


def decision_of(context: ModelContext, asked: Payload) -> PolicyDecision:
    """Read back what was decided in this run.

    Raises:
        DataError: Nothing was decided yet.
    """
    if asked["request"]["dry_run"]:
        return PolicyDecision.from_json(context.store.read_json(_decision_path(context, asked)))
    decided = context.ledger.decisions.get(asked["decision"]).decided
    if decided is None:
        raise DataError(f"decision {asked['decision']} is of an older version; clear decide")
    return decided


def windows_for(
    context: ModelContext, asked: Payload, *, fraction: float = 1.0
) -> tuple[Window | None, Window | None]:
    """Return training and holdout windows, as of the batch; None while no label has matured.

    Args:
        context: The model's spec and adapters.
        asked: What ``check_request`` gave.
        fraction: Share of the training window to learn from: the newest part of it.
    """
    from evergreen.data.windows import training_and_holdout

    ends = [d.window.end for d in matured(context, before=asked["batch"]) if d.window is not None]
    if not ends:
        return None, None
    windows = context.spec.windows
    days = asked["request"]["training_window_days"] or windows.training_days * fraction
    windows = windows.model_copy(update={"training_days": float(days)})
    return training_and_holdout(max(ends), windows)


def _scratch(context: ModelContext, asked: Payload) -> str:
    return f"scratch/{context.spec.name}/{asked['decision']}"


def _decision_path(context: ModelContext, asked: Payload) -> str:
    return f"{_scratch(context, asked)}/decision.json"


def wants_report(context: ModelContext, signals: PolicySignals) -> bool:
    """Return whether the drift report is to be drawn for these signals."""
    wanted = context.spec.drift.report
    if signals.drift is None or signals.request.dry_run:
        return False
    if signals.request.draw_report or wanted == "always":
        return True
    return wanted == "when_crossed" and bool(signals.drift.drifted)


def draw_drift_report(context: ModelContext, asked: Payload, drift: Payload) -> str:
    """Draw the report over a sample of reference and batch; give its place.

    The numbers are those of the decision in the ledger, so it can be drawn again at any time.
    """
    from evergreen.drift.report.evidently_report import draw_report

    measured = context.ledger.decisions.get(asked["decision"]).signals.drift
    if measured is None:
        raise DataError(f"no drift was measured for batch {asked['batch']}; clear measure_drift")
    entry = context.ledger.versions.get(context.spec.name, drift["version"])
    reference = context.store.read_table(f"{entry.folder}/reference.parquet")
    current = read_snapshot(context, taken(context, "data", asked["batch"]))
    html = draw_report(
        reference.to_pandas(),
        current.to_pandas(),
        measured,
        read_profile(context, drift["version"]),
    )
    path = report_path(context.spec.name, asked["batch"])
    context.store.write_bytes(path, html.encode())
    return context.store.uri_of(path)


def report_path(model: str, batch: str) -> str:
    """Return the place of a batch's drift report in the store."""
    return f"reports/{model}/{batch}/drift.html"


def read_drift(context: ModelContext, drift: Payload) -> DriftMeasurement | None:
    """Read back what ``measure_batch_drift`` measured."""
    if drift["path"] is None:
        return None
    return DriftMeasurement.from_json(context.store.read_json(drift["path"]))


def _rows_in(context: ModelContext, window: Window | None, before: str) -> int:
    return 0 if window is None else count_labelled(context, window, before=before)
