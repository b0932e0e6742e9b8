"""Training a challenger: fit the candidates, choose one, register it once per batch and spec."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import VersionEntry
from evergreen.records import CandidateResult, TrainedModel, Window
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.version_baseline import keep_background, keep_reference
from evergreen.workflows.decision_run import DecisionRun, Trained
from evergreen.workflows.ingest.labelled_data import read_labelled
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.candidates import (
    Candidate,
    Fitted,
    candidates_for,
    keep_looks,
    pick,
    read_looks,
)
from evergreen.workflows.train.lineage import keep_lineage
from evergreen.workflows.train.register import MODEL_FILE, known_version, register

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry
    from evergreen.storage.store import Store

CHALLENGER = "challenger"


def idempotency_key(run: DecisionRun, *, fraction: float = 1.0) -> str:
    """Return the key under which a batch and an effective spec have one version."""
    parts = (
        run.model,
        run.batch,
        run.spec_hash,
        run.request.device or "",
        str(run.request.training_window_days or ""),
        *((f"{fraction:g}",) if fraction != 1 else ()),
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def train(
    context: ModelContext,
    run: DecisionRun,
    *,
    fraction: float = 1.0,
    reinstate: str | None = None,
) -> Trained:
    """Fit a challenger and register it; a version that is there for the same key is used again.

    Where the spec wants several candidates tried, all are judged on the newest labelled rows and
    only the best is registered.

    Args:
        context: The model's spec and adapters.
        run: What the run decides about.
        fraction: Share of the training window to learn from, the newest part of it.
        reinstate: A former champion that is the challenger; then nothing is fitted.
    """
    is_dry = run.request.dry_run
    if reinstate is not None:
        former = context.ledger.versions.get(context.spec.name, reinstate)
        return _registered(context.spec, context.registry, former, run, (), is_former=True)
    candidates = candidates_for(context, run, fraction=fraction)
    known = (
        None if is_dry else _known(context.spec, context.ledger, context.registry, run, candidates)
    )
    if known is not None:
        return _registered(
            context.spec, context.registry, known, run, read_looks(context.store, known.folder)
        )
    with context.scratch() as local:

        def fit(candidate: Candidate) -> Fitted:
            key = idempotency_key(run, fraction=candidate.fraction)
            folder = (
                f"{run.scratch}/challenger-{candidate.name}"
                if is_dry
                else f"versions/{context.spec.name}/{key}"
            )
            return _fitted(
                context.loaded,
                context.ledger,
                context.store,
                run,
                candidate,
                local=local / candidate.name,
                folder=folder,
            )

        chosen, looks = pick(context, run, candidates, fit)
        if isinstance(chosen, VersionEntry):
            return _registered(context.spec, context.registry, chosen, run, looks, is_former=True)
        keep_looks(context.store, chosen.folder, looks)
        if is_dry:
            return _in_scratch(context.store, chosen, run, looks)
        key = idempotency_key(run, fraction=chosen.candidate.fraction)
        trained, folder = chosen.trained, chosen.folder
        entry = register(context, run, key, trained, local=chosen.file.parent, folder=folder)
    return _registered(
        context.spec, context.registry, entry, run, read_looks(context.store, entry.folder)
    )


def _known(
    spec: ModelSpec,
    ledger: Ledger,
    registry: "ModelRegistry",
    run: DecisionRun,
    candidates: Sequence[Candidate],
) -> VersionEntry | None:
    """Return the version that an earlier try made of one of the candidates."""
    for candidate in candidates:
        if candidate.version is None:
            key = idempotency_key(run, fraction=candidate.fraction)
            known = known_version(spec, ledger, registry, key)
            if known is not None:
                return known
    return None


def _registered(
    spec: ModelSpec,
    registry: "ModelRegistry",
    entry: VersionEntry,
    run: DecisionRun,
    looks: Sequence[CandidateResult],
    *,
    is_former: bool = False,
) -> Trained:
    """Return a registered version as the challenger; it has to win like any other."""
    if not run.request.dry_run:
        registry.set_alias(spec.name, CHALLENGER, entry.version)
    return Trained(
        version=entry.version,
        sha256=entry.sha256,
        folder=entry.folder,
        model=entry.trained,
        candidates=tuple(looks),
        spec_hash=run.spec_hash,
        is_former=is_former,
    )


def _in_scratch(
    store: "Store", chosen: Fitted, run: DecisionRun, looks: Sequence[CandidateResult]
) -> Trained:
    """Keep a challenger of a dry run where the next task finds it."""
    store.upload(chosen.file, chosen.trained.path)
    return Trained(
        version=None,
        sha256=chosen.trained.sha256,
        folder=chosen.folder,
        model=chosen.trained,
        candidates=tuple(looks),
        spec_hash=run.spec_hash,
    )


def _fitted(
    loaded: LoadedSpec,
    ledger: Ledger,
    store: "Store",
    run: DecisionRun,
    candidate: Candidate,
    *,
    local: Path,
    folder: str,
) -> Fitted:
    """Fit a candidate on its window; keep beside it what later batches are compared with."""
    window = run.training_window(candidate.fraction)
    local.mkdir()
    rows = read_labelled(loaded.spec, ledger, store, window, before=run.batch)
    trained = _fit(loaded, ledger, store, run, rows, window=window, local=local, folder=folder)
    keep_reference(loaded, store, rows, folder)
    keep_background(loaded.spec, store, local / MODEL_FILE, folder)
    return Fitted(candidate, local / MODEL_FILE, trained, folder)


def _fit(
    loaded: LoadedSpec,
    ledger: Ledger,
    store: "Store",
    run: DecisionRun,
    rows: pa.Table,
    *,
    window: Window,
    local: Path,
    folder: str,
) -> TrainedModel:
    from evergreen.training.jobs import FitJob
    from evergreen.training.process import run_child

    spec = loaded.spec
    data = local / "training.parquet"
    pq.write_table(rows, data)
    limit = timedelta(minutes=spec.training.time_limit_minutes)
    job = FitJob(
        files=(data,),
        features=spec.data.features,
        target=spec.data.target,
        task=spec.data.task,
        n_classes=spec.data.n_classes,
        params=spec.training.params,
        n_rounds=spec.training.n_rounds,
        seed=spec.training.seed,
        device=run.request.device or spec.training.device,
        on_missing_gpu=spec.training.on_missing_gpu,
        features_file=loaded.features_file,
        output=local / MODEL_FILE,
    )
    result = run_child(job, time_limit_seconds=limit.total_seconds())
    keep_lineage(loaded.spec, ledger, store, run, job, fitted=result, window=window, folder=folder)
    return TrainedModel(
        path=f"{folder}/{MODEL_FILE}",
        sha256=result.sha256,
        n_rows=result.n_rows,
        n_rounds=result.n_rounds,
        seconds=result.seconds,
        device=result.device,
        device_reason=result.device_reason,
        seed=spec.training.seed,
        window=window,
    )
