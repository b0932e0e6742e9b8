"""Measuring drift and decay of one batch, from the store and the ledger to records."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from evergreen.errors import DataError, StorageError
from evergreen.ledger.ledger import Ledger
from evergreen.measurements import (
    ColumnDrift,
    DecayMeasurement,
    DriftMeasurement,
    MultivariateDrift,
)
from evergreen.records import MetricEstimate
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.drift_reference import reference_for
from evergreen.workflows.decide.version_baseline import (
    SEED,
    Baseline,
    read_background,
    read_baseline,
)
from evergreen.workflows.decision_run import DecisionRun, MeasuredDrift
from evergreen.workflows.ingest.labelled_data import (
    in_order,
    labelled_path,
    matured,
    scored_batches,
)
from evergreen.workflows.ingest.quality_gate import taken
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import DecaySignals, ScoredBatch
    from evergreen.storage.store import Store

DAYS_PER_YEAR = 365.25
SAMPLE_ROWS = 10_000
BATCHES_FOR_DETECTORS = 26


def measure_batch_drift(context: ModelContext, run: DecisionRun) -> MeasuredDrift:
    """Measure the drift of a batch; the numbers go to the ledger, or to scratch on a dry run."""
    version, batch = run.champion_version, run.batch
    if version is None:
        sentence = "no champion yet, nothing to compare"
        return MeasuredDrift(version=None, path=None, sentence=sentence)
    measured = _measure_drift(context.spec, context.ledger, context.store, version, batch)
    path = f"{run.scratch}/drift.json"
    context.store.write_json(path, measured.to_json())
    if not run.request.dry_run:
        context.ledger.decisions.record_drift(context.spec.name, batch, version, measured)
    return MeasuredDrift(version=version, path=path, sentence=measured.sentence)


def measure_champion_decay(context: ModelContext, run: DecisionRun) -> DecayMeasurement:
    """Measure the champion's decay on the newest matured batches that it has scored."""
    from evergreen.decay.measure import measure_decay

    version, batch = run.champion_version, run.batch
    if version is None:
        return DecayMeasurement(verdict="insufficient_data", sentence="no champion yet")
    spec, ledger, store = context.spec, context.ledger, context.store
    scored = scored_batches(
        spec, ledger, store, version, newest=BATCHES_FOR_DETECTORS, before=batch
    )
    return measure_decay(
        scored,
        metric=spec.metric,
        reference=_metric_at_promotion(ledger, spec.name, version),
        rules=spec.decay,
        signals=_beside_decay(spec, ledger, store, scored, version=version, batch=batch),
    )


def _batches_per_year(spec: ModelSpec) -> float:
    """Return the model's cadence; the yearly budget of false verdicts is divided by it."""
    return DAYS_PER_YEAR / spec.arrivals.every_days


def _measure_drift(
    spec: ModelSpec, ledger: Ledger, store: "Store", version: str, batch: str
) -> DriftMeasurement:
    """Read the batch once, piece by piece; a sample of it is kept for the check over all."""
    from evergreen.drift.measure import measure_drift

    delivery = taken(ledger, spec.name, "data", batch)
    names = [feature.name for feature in spec.data.delivered_features]
    background = read_background(ledger, store, spec.name, version)
    kept: list[pa.RecordBatch] = []
    step = max(1, (delivery.n_rows or 0) // SAMPLE_ROWS)
    with store.open_batches(delivery.path or "", names) as batches:
        measured = measure_drift(
            reference_for(spec, ledger, store, version, delivery),
            _sampling(batches, kept, step=step) if spec.drift.multivariate else batches,
            spec.drift,
            batches_per_year=_batches_per_year(spec),
            importance=background.importance,
        )
    extra: dict[str, Any] = {"prediction": _prediction_drift(spec, ledger, store, version, batch)}
    if kept:
        folder = ledger.versions.get(spec.name, version).folder
        extra["multivariate"] = _all_together(spec, store, folder, kept, background.quiet_auc)
    return measured.model_copy(update=extra)


def _all_together(
    spec: ModelSpec,
    store: "Store",
    folder: str,
    kept: list[pa.RecordBatch],
    quiet_auc: float | None,
) -> MultivariateDrift:
    """Return whether the batch can be told from the reference; shown, but decides nothing."""
    from evergreen.drift.multivariate import measure_multivariate

    try:
        reference = store.read_table(f"{folder}/reference.parquet")
    except (StorageError, DataError) as err:
        return MultivariateDrift(verdict="not_computable", sentence=str(err))
    return measure_multivariate(
        reference,
        pa.Table.from_batches(kept),
        spec.data.delivered_features,
        min_rows=spec.drift.min_rows,
        seed=SEED,
        quiet_auc=quiet_auc,
    )


def _sampling(
    batches: Iterable[pa.RecordBatch], kept: list[pa.RecordBatch], *, step: int
) -> Iterator[pa.RecordBatch]:
    """Hand record batches on, and keep every ``step``-th row of each."""
    for batch in batches:
        kept.append(batch.take(pa.array(range(0, batch.num_rows, step))))
        yield batch


def _prediction_drift(
    spec: ModelSpec, ledger: Ledger, store: "Store", version: str, batch: str
) -> ColumnDrift | None:
    """Return the drift of the champion's scores; None where it has not scored the batch."""
    from evergreen.drift.predictions_and_labels import measure_predictions
    from evergreen.drift.profile.profile import ReferenceProfile

    baseline = read_baseline(ledger, store, spec.name, version)
    scores = _scores(ledger, store, spec.name, version, batch)
    if baseline is None or scores is None:
        return None
    return measure_predictions(
        ReferenceProfile.from_json(baseline.predictions),
        scores,
        spec.drift,
        batches_per_year=_batches_per_year(spec),
    )


def _beside_decay(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    scored: "list[ScoredBatch]",
    *,
    version: str,
    batch: str,
) -> "DecaySignals":
    """Return what is shown beside the verdict about decay."""
    from evergreen.decay.detectors import detect_changes
    from evergreen.decay.measure import DecaySignals
    from evergreen.decay.unlabelled import Calibrator, estimate_unlabelled

    baseline = read_baseline(ledger, store, spec.name, version)
    known = [d.batch for d in ledger.batches.deliveries(spec.name, "data", status="accepted")]
    labelled = matured(ledger, spec.name, before=batch)
    lag = sum(labelled[-1].batch < b <= batch for b in known) if labelled else None
    detectors = detect_changes(scored, metric=spec.metric) if scored else ()
    if baseline is None:
        return DecaySignals(lag_batches=lag, detectors=detectors)
    scores = _scores(ledger, store, spec.name, version, batch)
    calibrator = Calibrator.from_json(baseline.calibrator)
    estimated = None
    if scores is not None:
        estimated = estimate_unlabelled(spec.metric, scores, calibrator)
    signals = DecaySignals(lag_batches=lag, detectors=detectors, estimated=estimated)
    return _on_labels(spec, store, baseline, scored[-1], signals) if scored else signals


def _on_labels(
    spec: ModelSpec,
    store: "Store",
    baseline: Baseline,
    newest: "ScoredBatch",
    signals: "DecaySignals",
) -> "DecaySignals":
    """Add what needs labels: calibration, label drift and the metric by slice."""
    from dataclasses import replace

    from evergreen.decay.calibration_shift import calibration_shift, measure_calibration
    from evergreen.decay.slices import SliceCut, measure_slices
    from evergreen.drift.predictions_and_labels import measure_labels
    from evergreen.drift.profile.profile import ReferenceProfile

    slices: tuple[Any, ...] = ()
    if baseline.cuts:
        columns = [spec.data.key, spec.data.time_column, *spec.decay.slices]
        path = labelled_path(spec.name, newest.batch)
        rows = in_order(spec, store.read_table(path, columns=columns))
        if rows.num_rows == newest.target.size:
            slices = measure_slices(
                [SliceCut.from_json(cut) for cut in baseline.cuts],
                rows,
                newest.target,
                newest.prediction,
                metric=spec.metric,
                min_rows=spec.decay.min_rows,
                reference=baseline.slices,
            )
    current = measure_calibration(newest.target, newest.prediction, task=spec.data.task)
    return replace(
        signals,
        slices=slices,
        calibration=calibration_shift(current, baseline.calibration, min_rows=spec.decay.min_rows),
        label=measure_labels(
            ReferenceProfile.from_json(baseline.labels),
            newest.target,
            spec.drift,
            task=spec.data.task,
            batches_per_year=_batches_per_year(spec),
        ),
    )


def _scores(ledger: Ledger, store: "Store", model: str, version: str, batch: str) -> Any:
    """Return a version's scores on a batch, with labels or without; None where there are none."""
    logs = ledger.batches.predictions(model, version=version, batch=batch)
    if not logs:
        return None
    from evergreen.training.scores import to_array

    return to_array(store.read_table(logs[0].path, columns=["prediction"])["prediction"])


def _metric_at_promotion(ledger: Ledger, model: str, version: str) -> MetricEstimate | None:
    evaluation = ledger.versions.get(model, version).evaluation
    return None if evaluation is None else evaluation.challenger
