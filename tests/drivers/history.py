"""Takes deliveries of the small model in at once: what ingest and labels do, without waiting."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from drivers.tiny import FIRST, WEEK, Upstream, make_rows, write_spec
from evergreen.ledger.decisions import decision_id
from evergreen.promotion.ports import PromotionKind
from evergreen.records import (
    Evaluation,
    MetricEstimate,
    ModelVersion,
    Promotion,
    QualityResult,
    TrainedModel,
    Window,
)
from evergreen.signals import Request
from evergreen.spec.loader import load_spec
from evergreen.training.jobs import FitJob
from evergreen.training.process import run_child
from evergreen.workflows.decide.score import score_and_log
from evergreen.workflows.decide.version_baseline import keep_reference
from evergreen.workflows.ingest.labelled_data import join_labels, labelled_path, matured
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import Workbench

SHA = "a" * 64

ACCEPTED = QualityResult(verdict="accepted", rules=(), sentence="all rules are met")
REJECTED = QualityResult(verdict="rejected", rules=(), sentence="one rule is broken")


def accept(bench: Workbench, upstream: Upstream, week: int, **delivered: Any) -> str:
    """Deliver the data of a week and accept it; give the batch's id."""
    return take(bench, upstream.deliver(week, **delivered))


def take(bench: Workbench, batch: str, *, result: QualityResult = ACCEPTED) -> str:
    """Take delivered data in with this verdict of the gate."""
    bench.ledger.batches.record_snapshot(take_delivery(bench, "data", batch))
    bench.ledger.batches.record_quality(bench.spec.name, "data", batch, result)
    return batch


def label(bench: Workbench, upstream: Upstream, week: int, **delivered: Any) -> str:
    """Deliver the labels of a week, accept them and join them; give the batch's id."""
    batch = upstream.deliver(week, "labels", **delivered)
    bench.ledger.batches.record_snapshot(take_delivery(bench, "labels", batch))
    bench.ledger.batches.record_quality(bench.spec.name, "labels", batch, ACCEPTED)
    join_labels(bench, batch)
    return batch


def begin(bench: Workbench, upstream: Upstream) -> str:
    """Give the model five labelled weeks and a sixth without labels; its id is given back."""
    accept(bench, upstream, 0, n_weeks=5)
    label(bench, upstream, 0, n_weeks=5)
    return accept(bench, upstream, 5)


def pass_week(bench: Workbench, upstream: Upstream, week: int, *, is_flipped: bool = False) -> str:
    """Let the champion score ``week - 1``, label that week, and accept ``week``."""
    previous = f"{bench.ledger.batches.deliveries(bench.spec.name, 'data')[-1].batch}"
    score_and_log(bench, previous)
    label(bench, upstream, week - 1, is_flipped=is_flipped)
    return accept(bench, upstream, week)


def predict(bench: Workbench, batch: str, version: str, *, is_right: bool = True) -> None:
    """Keep predictions that follow ``temp``, or go against it."""
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None
    rows = bench.store.read_table(str(delivery.path))
    temp = rows["temp"].to_numpy()
    scores = 1 / (1 + 2.718 ** (-temp if is_right else temp))
    path = f"predictions/{bench.spec.name}/{batch}/v{version}.parquet"
    digest = bench.store.write_table(path, pa.table({"id": rows["id"], "prediction": scores}))
    bench.ledger.batches.record_predictions(
        bench.spec.name, batch, version, path=path, sha256=digest, n_rows=rows.num_rows
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


def reign(bench: Workbench, model_file: Path) -> ModelVersion:
    """Register a fitted file and make it champion, in the registry too."""
    registered = bench.registry.register(
        bench.spec.name,
        idempotency_key=f"reign {len(bench.ledger.versions.history(bench.spec.name))}",
        model_file=model_file,
        tags={},
        metrics={},
        params={},
    )
    crown(bench, registered.version, sha256=registered.sha256)
    bench.registry.set_alias(bench.spec.name, "champion", registered.version)
    return registered


def crown(
    bench: Workbench,
    version: str = "1",
    *,
    auc: float = 0.9,
    decision: str = "",
    sha256: str = SHA,
) -> None:
    """Make a version champion in ledger and store alone: enough to measure against, not to score.

    Its reference is the first labelled batch.
    """
    name = bench.spec.name
    folder = f"versions/{name}/v{version}"
    rows = bench.store.read_table(labelled_path(name, matured(bench)[0].batch))
    keep_reference(bench, rows, folder)
    window = Window.ending(FIRST + 5 * WEEK, days=7)
    bench.ledger.versions.record(
        name,
        version,
        idempotency_key=f"key {version}",
        sha256=sha256,
        folder=folder,
        trained=TrainedModel(
            path=f"{folder}/model.lgb",
            sha256=sha256,
            n_rows=rows.num_rows,
            n_rounds=1,
            seconds=0.1,
            device="cpu",
            device_reason="",
            seed=1,
            window=window,
        ),
    )
    metric = MetricEstimate(name="auc", value=auc, se=0.01, n_rows=400)
    bench.ledger.versions.record_evaluation(
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
    enthrone(bench, version, decision=decision, sha256=sha256)


def enthrone(
    bench: Workbench,
    version: str,
    *,
    decision: str = "",
    is_committed: bool = True,
    sha256: str = SHA,
    kind: PromotionKind = "promotion",
) -> Promotion:
    """Write the ledger's rows of a promotion, without touching any alias."""
    latest = bench.ledger.promotions.latest(bench.spec.name)
    row = bench.ledger.promotions.write_intent(
        bench.spec.name,
        epoch=1 if latest is None else latest.epoch + 1,
        version=version,
        previous_version=None if latest is None else latest.version,
        sha256=sha256,
        kind="bootstrap" if latest is None else kind,
        decision_id=decision or f"decision for v{version}",
        reason=f"v{version} is better",
    )
    if is_committed:
        bench.ledger.promotions.commit(row.model, row.epoch)
    return row


def asked_for(bench: Workbench, batch: str, run_id: str = "run", **request: Any) -> dict[str, Any]:
    """Give what ``check_request`` gives for a run about a batch."""
    return {
        "batch": batch,
        "decision": decision_id(bench.spec.name, batch, run_id),
        "request": Request(**request).to_json(),
    }
