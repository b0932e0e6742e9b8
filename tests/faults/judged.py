"""Runs that have trained and evaluated already, so that only the promotion is left to try."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.history import NO_DECAY, NO_DRIFT, begin, reign, run_about
from drivers.killable import KeptRun
from drivers.tiny import FIRST, WEEK
from evergreen.evaluation.compare import compare
from evergreen.promotion.rule import judge
from evergreen.records import ModelVersion, Window
from evergreen.registry.client import ModelRegistry
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Trained
from evergreen.workflows.model_context import ModelContext
from faults.world import World

N_ROWS = 1000
HOLDOUT = Window(start=FIRST, end=FIRST + WEEK)
BEFORE = ("check_request", "measure_drift", "measure_decay", "decide", "train_challenger")

Scores = NDArray[np.float64]


def labels() -> Scores:
    """Return labels of a holdout."""
    return (np.arange(N_ROWS) % 2).astype(float)


def scores(skill: float) -> Scores:
    """Return scores that tell the labels apart, the better the larger the skill."""
    noise = np.random.default_rng(3).normal(size=N_ROWS)
    return 1 / (1 + np.exp(-(skill * (labels() - 0.5) + noise)))


def ready_to_promote(
    world: World,
    model_file: Path,
    *,
    target: Scores | None = None,
    challenger: Scores | None = None,
    hours_ago: float = 0,
) -> KeptRun:
    """Return a run whose challenger v2 was compared with the champion v1, and judged, for real."""
    context = world.context
    batch = begin(context, world.upstream)
    world.expected = reign(context, model_file).version
    run = world.run(batch)
    about = run_about(context, batch, run.dag_run.run_id, force_retrain=True, reason="a fault")
    decide_batch(context, about, NO_DRIFT, NO_DECAY, run_id=run.dag_run.run_id)
    trained = register_challenger(context, about, model_file)
    evaluation = compare(
        labels() if target is None else target,
        scores(3.0) if challenger is None else challenger,
        scores(1.0),
        metric="auc",
        challenger_version=trained.version,
        champion_version="1",
        holdout=HOLDOUT,
    ).model_copy(update={"evaluated_at": datetime.now(UTC) - timedelta(hours=hours_ago)})
    verdict = judge(evaluation, context.spec.promotion, min_rows=100)
    run.returned |= {
        "check_request": about.to_json(),
        "train_challenger": trained.to_json(),
        "evaluate_challenger": Evaluated(
            evaluation=evaluation, verdict=verdict, spec_hash=about.spec_hash
        ).to_json(),
        "measure_drift": NO_DRIFT.to_json(),
        "measure_decay": NO_DECAY.to_json(),
    }
    run.states |= dict.fromkeys((*BEFORE, "evaluate_challenger"), "success")
    run.states |= {"stand_down": "skipped", "write_drift_report": "skipped"}
    run.save()
    return run


def register_challenger(context: ModelContext, about: DecisionRun, model_file: Path) -> Trained:
    """Register a fitted file as the next version, in the ledger too."""
    name = context.spec.name
    champion = context.ledger.versions.get(name, "1")
    made = register_file(context.registry, name, "challenger", model_file)
    entry = context.ledger.versions.record(
        name,
        made.version,
        idempotency_key="challenger",
        sha256=made.sha256,
        folder=champion.folder,
        trained=champion.trained,
    )
    return Trained(
        version=entry.version,
        sha256=entry.sha256,
        folder=entry.folder,
        model=entry.trained,
        spec_hash=about.spec_hash,
    )


def register_file(registry: ModelRegistry, model: str, key: str, file: Path) -> ModelVersion:
    """Register a file under a key, in the registry alone."""
    return registry.register(
        model, idempotency_key=key, model_file=file, tags={}, metrics={}, params={}
    )


def through_proxy(world: World) -> ModelContext:
    """Return a model context that reaches MLflow through the faulty proxy."""
    settings = replace(world.context.settings, mlflow_uri=world.proxy.uri)
    return ModelContext(settings, world.context.loaded, world.ledger)
