"""Takes deliveries of the small model in at once: what ingest and labels do, without waiting."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from drivers.tiny import FIRST, WEEK, Upstream, make_rows, write_spec
from evergreen.ledger.decisions import decision_id
from evergreen.measurements import DecayMeasurement
from evergreen.promotion.ports import PromotionKind
from evergreen.records import (
    Evaluation,
    MetricEstimate,
    ModelVersion,
    Promotion,
    PromotionVerdict,
    QualityResult,
    TrainedModel,
    Window,
)
from evergreen.signals import Request
from evergreen.spec.loader import load_spec
from evergreen.training.jobs import FitJob
from evergreen.training.process import run_child
from evergreen.workflows.decide.begin import decision_run
from evergreen.workflows.decide.score import score_and_log
from evergreen.workflows.decide.version_baseline import keep_reference
from evergreen.workflows.decision_run import DecisionRun, Evaluated, MeasuredDrift, Trained
from evergreen.workflows.ingest.labelled_data import join_labels, labelled_path, matured
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext

SHA = "a" * 64
NO_DRIFT = MeasuredDrift(version=None, path=None, sentence="no champion yet")
NO_DECAY = DecayMeasurement(verdict="insufficient_data", sentence="")

ACCEPTED = QualityResult(verdict="accepted", rules=(), sentence="all rules are met")
REJECTED = QualityResult(verdict="rejected", rules=(), sentence="one rule is broken")


def accept(context: ModelContext, upstream: Upstream, week: int, **delivered: Any) -> str:
    """Deliver the data of a week and accept it; give the batch's id."""
    return take(context, upstream.deliver(week, **delivered))


def take(context: ModelContext, batch: str, *, result: QualityResult = ACCEPTED) -> str:
    """Take delivered data in with this verdict of the gate."""
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )
    context.ledger.batches.record_quality(context.spec.name, "data", batch, result)
    return batch


def label(context: ModelContext, upstream: Upstream, week: int, **delivered: Any) -> str:
    """Deliver the labels of a week, accept them and join them; give the batch's id."""
    batch = upstream.deliver(week, "labels", **delivered)
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "labels", batch)
    )
    context.ledger.batches.record_quality(context.spec.name, "labels", batch, ACCEPTED)
    join_labels(context, batch)
    return batch


def begin(context: ModelContext, upstream: Upstream) -> str:
    """Return the model five labelled weeks and a sixth without labels; its id is given back."""
    accept(context, upstream, 0, n_weeks=5)
    label(context, upstream, 0, n_weeks=5)
    return accept(context, upstream, 5)


def pass_week(
    context: ModelContext, upstream: Upstream, week: int, *, is_flipped: bool = False
) -> str:
    """Let the champion score ``week - 1``, label that week, and accept ``week``."""
    previous = f"{context.ledger.batches.deliveries(context.spec.name, 'data')[-1].batch}"
    score_and_log(context, previous)
    label(context, upstream, week - 1, is_flipped=is_flipped)
    return accept(context, upstream, week)


def predict(context: ModelContext, batch: str, version: str, *, is_right: bool = True) -> None:
    """Keep predictions that follow ``temp``, or go against it."""
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None
    rows = context.store.read_table(str(delivery.path))
    temp = rows["temp"].to_numpy()
    scores = 1 / (1 + 2.718 ** (-temp if is_right else temp))
    path = f"predictions/{context.spec.name}/{batch}/v{version}.parquet"
    digest = context.store.write_table(path, pa.table({"id": rows["id"], "prediction": scores}))
    context.ledger.batches.record_predictions(
        context.spec.name, batch, version, path=path, sha256=digest, n_rows=rows.num_rows
    )


def fit_model(folder: Path, *, is_flipped: bool = False) -> Path:
    """Fit the small model on four weeks, in a process of its own; give its file."""
    spec = load_spec(write_spec(folder), home=folder).spec
    window = Window(start=FIRST, end=FIRST + 4 * WEEK)
    rows = make_rows(0, 1600, window, is_flipped=is_flipped)
    rows.to_parquet(folder / "rows.parquet")
    job = FitJob(
        files=(folder / "rows.parquet",),
        features=spec.data.features,
        target=spec.data.target,
        params=spec.training.params,
        n_rounds=spec.training.n_rounds,
        seed=spec.training.seed,
        device="cpu",
        on_missing_gpu="cpu",
        output=folder / "model.lgb",
    )
    run_child(job, time_limit_seconds=300)
    return folder / "model.lgb"


def reign(context: ModelContext, model_file: Path) -> ModelVersion:
    """Register a fitted file and make it champion, in the registry too."""
    registered = context.registry.register(
        context.spec.name,
        idempotency_key=f"reign {len(context.ledger.versions.history(context.spec.name))}",
        model_file=model_file,
        tags={},
        metrics={},
        params={},
    )
    crown(context, registered.version, sha256=registered.sha256)
    context.registry.set_alias(context.spec.name, "champion", registered.version)
    return registered


def crown(
    context: ModelContext,
    version: str = "1",
    *,
    auc: float = 0.9,
    decision: str = "",
    sha256: str = SHA,
) -> None:
    """Make a version champion in ledger and store alone: enough to measure against, not to score.

    Its reference is the first labelled batch.
    """
    name = context.spec.name
    folder = f"versions/{name}/v{version}"
    rows = context.store.read_table(
        labelled_path(name, matured(context.ledger, context.spec.name)[0].batch)
    )
    keep_reference(context.loaded, context.store, rows, folder)
    window = Window.ending(FIRST + 5 * WEEK, days=7)
    context.ledger.versions.record(
        name,
        version,
        idempotency_key=f"key {version}",
        sha256=sha256,
        folder=folder,
        trained=make_trained(folder, sha256=sha256, n_rows=rows.num_rows),
    )
    metric = MetricEstimate(name="auc", value=auc, se=0.01, n_rows=400)
    context.ledger.versions.record_evaluation(
        name,
        version,
        Evaluation(
            challenger_version=version,
            champion_version=None,
            challenger=metric,
            champion=None,
            gain=None,
            gain_se=None,
            n_rows=400,
            holdout=window,
            sentence="",
        ),
    )
    enthrone(context, version, decision=decision, sha256=sha256)


def make_trained(folder: str, *, sha256: str = SHA, n_rows: int = 400) -> TrainedModel:
    """Return what is known of a fit, of the week before the sixth."""
    return TrainedModel(
        path=f"{folder}/model.lgb",
        sha256=sha256,
        n_rows=n_rows,
        n_rounds=1,
        seconds=0.1,
        device="cpu",
        device_reason="",
        seed=1,
        window=Window.ending(FIRST + 5 * WEEK, days=7),
    )


def enthrone(
    context: ModelContext,
    version: str,
    *,
    decision: str = "",
    is_committed: bool = True,
    sha256: str = SHA,
    kind: PromotionKind = "promotion",
) -> Promotion:
    """Write the ledger's rows of a promotion, without touching any alias."""
    latest = context.ledger.promotions.latest(context.spec.name)
    row = context.ledger.promotions.write_intent(
        context.spec.name,
        epoch=1 if latest is None else latest.epoch + 1,
        version=version,
        previous_version=None if latest is None else latest.version,
        sha256=sha256,
        kind="bootstrap" if latest is None else kind,
        decision_id=decision or f"decision for v{version}",
        reason=f"v{version} is better",
    )
    if is_committed:
        context.ledger.promotions.commit(row.model, row.epoch)
    return row


def run_about(
    context: ModelContext, batch: str, run_id: str = "run", **request: Any
) -> DecisionRun:
    """Return what ``check_request`` gives for a run about a batch."""
    identity = decision_id(context.spec.name, batch, run_id)
    return decision_run(
        context.loaded,
        context.ledger,
        context.store,
        Request(**request),
        batch=batch,
        identity=identity,
    )


def trained_model(run: DecisionRun, version: str | None, *, sha256: str = SHA) -> Trained:
    """Return a challenger that nobody fitted, as ``train_challenger`` would give it."""
    folder = f"versions/{run.model}/v{version}"
    return Trained(
        version=version,
        sha256=sha256,
        folder=folder,
        model=make_trained(folder, sha256=sha256),
        spec_hash=run.spec_hash,
    )


def make_evaluation(evaluated_at: datetime | None = None) -> Evaluation:
    metric = MetricEstimate(name="auc", value=0.9, se=0.01, n_rows=400)
    return Evaluation(
        challenger_version="2",
        champion_version="1",
        challenger=metric,
        champion=metric,
        gain=0.02,
        gain_se=0.005,
        gain_low=0.01,
        gain_high=0.03,
        n_rows=400,
        holdout=Window(start=FIRST, end=FIRST + WEEK),
        evaluated_at=evaluated_at or datetime.now(UTC),
        sentence="",
    )


def evaluated_model(run: DecisionRun, verdict: str = "promote") -> Evaluated:
    """Return how a challenger that nobody scored did, as ``evaluate_challenger`` would give it."""
    return Evaluated(
        evaluation=make_evaluation(),
        verdict=PromotionVerdict.from_json({"verdict": verdict, "sentence": "auc gain +0.02"}),
        spec_hash=run.spec_hash,
    )
