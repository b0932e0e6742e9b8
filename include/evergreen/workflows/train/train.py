"""Training and evaluating a challenger, between the store, the ledger and the registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import EmptyWindowError
from evergreen.failpoints import failpoint
from evergreen.ledger.records import VersionEntry
from evergreen.orchestration.dag_runs import newer_batch
from evergreen.records import CandidateResult, Evaluation, PromotionVerdict, TrainedModel, Window
from evergreen.signals import Request
from evergreen.workflows.decide.decide import windows_for
from evergreen.workflows.decide.score import Scorer, registered_scorer
from evergreen.workflows.decide.version_baseline import (
    keep_background,
    keep_baseline,
    keep_reference,
)
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
from evergreen.workflows.train.holdout_comparison import Contest, scores_of
from evergreen.workflows.train.lineage import keep_lineage
from evergreen.workflows.train.register import MODEL_FILE, known_version, register

Payload = dict[str, Any]
Looks = tuple[CandidateResult, ...]
CHALLENGER = "challenger"


def idempotency_key(context: ModelContext, asked: Payload, *, fraction: float = 1.0) -> str:
    """Return the key under which a batch and an effective spec have one version."""
    request = Request.from_json(asked["request"])
    parts = (
        context.spec.name,
        asked["batch"],
        context.loaded.spec_hash,
        request.device or "",
        str(request.training_window_days or ""),
        *((f"{fraction:g}",) if fraction != 1 else ()),
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def train(
    context: ModelContext,
    asked: Payload,
    *,
    scratch: str,
    fraction: float = 1.0,
    reinstate: str | None = None,
) -> Payload:
    """Fit a challenger and register it; a version that is there for the same key is used again.

    Where the spec wants several candidates tried, all are judged on the newest labelled rows and
    only the best is registered.

    Args:
        context: The model's spec and adapters.
        asked: What ``check_request`` gave.
        scratch: Folder in the store for a dry run.
        fraction: Share of the training window to learn from, the newest part of it.
        reinstate: A former champion that is the challenger; then nothing is fitted.

    Returns:
        ``version`` (None on a dry run), ``sha256``, ``folder`` in the store, ``trained``, and
        ``candidates``: all that were looked at, empty for one.
    """
    is_dry = bool(asked["request"]["dry_run"])
    if reinstate is not None:
        return _reinstated(
            context, context.ledger.versions.get(context.spec.name, reinstate), asked, ()
        )
    candidates = candidates_for(context, asked, fraction=fraction)
    known = None if is_dry else _known(context, asked, candidates)
    if known is not None:
        return _reinstated(context, known, asked, read_looks(context, known.folder))
    with context.scratch() as local:

        def fit(candidate: Candidate) -> Fitted:
            key = idempotency_key(context, asked, fraction=candidate.fraction)
            folder = (
                f"{scratch}/challenger-{candidate.name}"
                if is_dry
                else f"versions/{context.spec.name}/{key}"
            )
            return _fitted(context, asked, candidate, local=local / candidate.name, folder=folder)

        chosen, looks = pick(context, asked, candidates, fit)
        if isinstance(chosen, VersionEntry):
            return _reinstated(context, chosen, asked, looks)
        keep_looks(context, chosen.folder, looks)
        if is_dry:
            return _in_scratch(context, chosen, looks)
        key = idempotency_key(context, asked, fraction=chosen.candidate.fraction)
        trained, folder = chosen.trained, chosen.folder
        entry = register(context, asked, key, trained, local=chosen.file.parent, folder=folder)
    return _reinstated(context, entry, asked, read_looks(context, entry.folder))


def evaluate(
    context: ModelContext, asked: Payload, trained: Payload
) -> tuple[Evaluation, PromotionVerdict]:
    """Score both models anew on the newest labelled rows and apply the promotion rule.

    What this decision has promoted already is judged by the evaluation that it was promoted on.
    """
    from evergreen.promotion.rule import judge

    evaluation = _promoted_on(context, asked, trained) or _compared(context, asked, trained)
    verdict = judge(
        evaluation,
        context.spec.promotion,
        min_rows=context.spec.windows.min_holdout_rows,
        earlier=context.ledger.decisions.evaluations(context.spec.name, before=asked["decision"]),
    )
    if trained["version"] is not None and not asked["request"]["dry_run"]:
        _keep_evaluation(context, trained["version"], evaluation, verdict)
    newer = newer_batch(context, asked["batch"])
    if verdict.verdict == "promote" and newer is not None:
        sentence = (
            f"batch {asked['batch']} is older than the newest, {newer}; decisions about the past"
            f" never promote ({verdict.sentence})"
        )
        outdated = {"verdict": "keep", "cause": "outdated", "sentence": sentence}
        verdict = verdict.model_copy(update=outdated)
    return evaluation, verdict


def _promoted_on(context: ModelContext, asked: Payload, trained: Payload) -> Evaluation | None:
    """Return what the challenger was promoted on, if this decision has promoted it."""
    made = context.ledger.promotions.by_decision(context.spec.name, asked["decision"])
    if made is None or made.state != "committed" or made.version != trained["version"]:
        return None
    return context.ledger.versions.get(context.spec.name, made.version).evaluation


def _compared(context: ModelContext, asked: Payload, trained: Payload) -> Evaluation:
    """Let the challenger meet the champion, guards and all; keep its scores for monitoring."""
    contest = Contest(context, asked)
    with _scorer_of(context, trained) as scorer:
        challenger = contest.see(scorer)
        evaluation = contest.compare(challenger, trained["version"]).model_copy(
            update={
                "guards": contest.guards(challenger, scorer),
                "candidates": tuple(map(CandidateResult.from_json, trained.get("candidates", ()))),
            }
        )
    if trained["version"] is not None and not asked["request"]["dry_run"]:
        keep_baseline(context, trained["folder"], contest.rows, scores_of(challenger))
    return evaluation


def _known(
    context: ModelContext, asked: Payload, candidates: list[Candidate]
) -> VersionEntry | None:
    """Return the version that an earlier try made of one of the candidates."""
    for candidate in candidates:
        if candidate.version is None:
            key = idempotency_key(context, asked, fraction=candidate.fraction)
            known = known_version(context, key)
            if known is not None:
                return known
    return None


def _reinstated(
    context: ModelContext, entry: VersionEntry, asked: Payload, looks: Looks
) -> Payload:
    """Return a registered version as the challenger; it has to win like any other."""
    if not asked["request"]["dry_run"]:
        context.registry.set_alias(context.spec.name, CHALLENGER, entry.version)
    return {
        "version": entry.version,
        "sha256": entry.sha256,
        "folder": entry.folder,
        "trained": entry.trained.to_json(),
        "candidates": [look.to_json() for look in looks],
    }


def _in_scratch(context: ModelContext, chosen: Fitted, looks: Looks) -> Payload:
    """Keep a challenger of a dry run where the next task finds it."""
    context.store.upload(chosen.file, chosen.trained.path)
    return {
        "version": None,
        "sha256": chosen.trained.sha256,
        "folder": chosen.folder,
        "trained": chosen.trained.to_json(),
        "candidates": [look.to_json() for look in looks],
    }


def _fitted(
    context: ModelContext, asked: Payload, candidate: Candidate, *, local: Path, folder: str
) -> Fitted:
    """Fit a candidate on its window; keep beside it what later batches are compared with."""
    window, _ = windows_for(context, asked, fraction=candidate.fraction)
    if window is None:
        raise EmptyWindowError(
            f"no labels of {context.spec.name} have matured before {asked['batch']}"
        )
    local.mkdir()
    rows = read_labelled(context, window, before=asked["batch"])
    trained = _fit(context, asked, rows, window, local=local, folder=folder)
    keep_reference(context, rows, folder)
    keep_background(context, local / MODEL_FILE, folder)
    return Fitted(candidate, local / MODEL_FILE, trained, folder)


def _fit(
    context: ModelContext,
    asked: Payload,
    rows: pa.Table,
    window: Window,
    *,
    local: Path,
    folder: str,
) -> TrainedModel:
    from evergreen.training.jobs import FitJob
    from evergreen.training.process import run_child

    spec = context.spec
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
        device=asked["request"]["device"] or spec.training.device,
        on_missing_gpu=spec.training.on_missing_gpu,
        features_file=context.loaded.features_file,
        output=local / MODEL_FILE,
    )
    result = run_child(job, time_limit_seconds=limit.total_seconds())
    keep_lineage(context, asked, job, result, window, folder=folder)
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


@contextmanager
def _scorer_of(context: ModelContext, trained: Payload) -> Iterator[Scorer]:
    """The challenger's file on this machine: from the registry, on a dry run from scratch."""
    with context.scratch() as local:
        if trained["version"] is not None:
            yield registered_scorer(context, trained["version"], local)
            return
        file = local / MODEL_FILE
        context.store.download(trained["trained"]["path"], file)
        yield Scorer(file, trained["sha256"], trained["folder"])


def _keep_evaluation(
    context: ModelContext, version: str, evaluation: Evaluation, verdict: PromotionVerdict
) -> None:
    context.ledger.versions.record_evaluation(context.spec.name, version, evaluation)
    failpoint("after_evaluation_recorded")
    tags = {"evergreen.verdict": verdict.verdict, "evergreen.verdict_sentence": verdict.sentence}
    for name, value in (("metric", evaluation.challenger.value), ("gain", evaluation.gain)):
        if value is not None:
            tags[f"evergreen.holdout_{name}"] = f"{value:.6f}"
    context.registry.tag_version(context.spec.name, version, tags)
