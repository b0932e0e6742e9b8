"""Training and evaluating a challenger, between the store, the ledger and the registry."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import EmptyWindowError
from evergreen.ledger.entries import VersionEntry
from evergreen.orchestration.baselines import keep_background, keep_baseline, keep_reference
from evergreen.orchestration.deciding import windows_for
from evergreen.orchestration.history import read_labelled
from evergreen.orchestration.lineage import keep_lineage
from evergreen.orchestration.measuring import champion_before
from evergreen.orchestration.registering import MODEL_FILE, known_version, register
from evergreen.orchestration.runs import newer_batch
from evergreen.orchestration.scoring import Scorer, registered_scorer, score
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Evaluation, PromotionVerdict, TrainedModel, Window
from evergreen.signals import Request

Payload = dict[str, Any]
CHAMPION, CHALLENGER = "champion", "challenger"


def idempotency_key(bench: Workbench, asked: Payload, *, fraction: float = 1.0) -> str:
    """Give the key under which a batch and an effective spec have one version."""
    request = Request.from_json(asked["request"])
    parts = (
        bench.spec.name,
        asked["batch"],
        bench.loaded.spec_hash,
        request.device or "",
        str(request.training_window_days or ""),
        *((f"{fraction:g}",) if fraction != 1 else ()),
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def train(
    bench: Workbench,
    asked: Payload,
    *,
    scratch: str,
    fraction: float = 1.0,
    reinstate: str | None = None,
) -> Payload:
    """Fit a challenger and register it; a version that is there for the same key is used again.

    Args:
        bench: The model's workbench.
        asked: What ``check_request`` gave.
        scratch: Folder in the store for a dry run.
        fraction: Share of the training window to learn from, the newest part of it.
        reinstate: A former champion that is the challenger; then nothing is fitted.

    Returns:
        ``version`` (None on a dry run), ``sha256``, ``folder`` in the store, and ``trained``.
    """
    is_dry = bool(asked["request"]["dry_run"])
    if reinstate is not None:
        return _reinstated(bench, reinstate, is_dry=is_dry)
    key = idempotency_key(bench, asked, fraction=fraction)
    known = None if is_dry else known_version(bench, key)
    if known is not None:
        bench.registry.set_alias(bench.spec.name, CHALLENGER, known.version)
        return _as_payload(known)
    window, _ = windows_for(bench, asked, fraction=fraction)
    if window is None:
        raise EmptyWindowError(
            f"no labels of {bench.spec.name} have matured before {asked['batch']}"
        )
    rows = read_labelled(bench, window, before=asked["batch"])
    folder = f"{scratch}/challenger" if is_dry else f"versions/{bench.spec.name}/{key}"
    with bench.scratch() as local:
        trained = _fit(bench, asked, rows, window, local=local, folder=folder)
        keep_reference(bench, rows, folder)
        keep_background(bench, local / MODEL_FILE, folder)
        if is_dry:
            bench.store.upload(local / MODEL_FILE, trained.path)
            return {
                "version": None,
                "sha256": trained.sha256,
                "folder": folder,
                "trained": trained.to_json(),
            }
        entry = register(bench, asked, key, trained, local=local, folder=folder)
    bench.registry.set_alias(bench.spec.name, CHALLENGER, entry.version)
    return _as_payload(entry)


def evaluate(
    bench: Workbench, asked: Payload, trained: Payload
) -> tuple[Evaluation, PromotionVerdict]:
    """Score both models anew on the newest labelled rows and apply the promotion rule."""
    from evergreen.evaluation.compare import compare
    from evergreen.promotion.rule import judge

    _, holdout = windows_for(bench, asked)
    if holdout is None:
        raise EmptyWindowError(
            f"no labels of {bench.spec.name} have matured before {asked['batch']}"
        )
    rows = read_labelled(bench, holdout, before=asked["batch"])
    champion = champion_before(bench, asked)
    target = rows[bench.spec.data.target].to_numpy()
    with bench.scratch() as local:
        scores = _challenger_scores(bench, trained, rows, local)
        evaluation = compare(
            target,
            scores,
            None if champion is None else _champion_scores(bench, champion, rows, local),
            metric=bench.spec.metric,
            challenger_version=trained["version"],
            champion_version=champion,
            holdout=holdout,
        )
    verdict = judge(evaluation, bench.spec.promotion, min_rows=bench.spec.windows.min_holdout_rows)
    if trained["version"] is not None and not asked["request"]["dry_run"]:
        _keep_evaluation(bench, trained["version"], evaluation, verdict)
        keep_baseline(bench, trained["folder"], rows, scores)
    newer = newer_batch(bench, asked["batch"])
    if verdict.verdict == "promote" and newer is not None:
        verdict = PromotionVerdict(
            verdict="keep",
            sentence=f"batch {asked['batch']} is older than the newest, {newer}; decisions about"
            f" the past never promote ({verdict.sentence})",
        )
    return evaluation, verdict


def _reinstated(bench: Workbench, version: str, *, is_dry: bool) -> Payload:
    """Give a former champion as the challenger; it has to win like any other."""
    if not is_dry:
        bench.registry.set_alias(bench.spec.name, CHALLENGER, version)
    return _as_payload(bench.ledger.versions.get(bench.spec.name, version))


def _fit(
    bench: Workbench, asked: Payload, rows: pa.Table, window: Window, *, local: Path, folder: str
) -> TrainedModel:
    from evergreen.training.jobs import FitJob
    from evergreen.training.process import run_child

    spec = bench.spec
    data = local / "training.parquet"
    pq.write_table(rows, data)
    limit = timedelta(minutes=spec.training.time_limit_minutes)
    job = FitJob(
        files=(data,),
        features=spec.data.features,
        target=spec.data.target,
        params=spec.training.params,
        n_rounds=spec.training.n_rounds,
        seed=spec.training.seed,
        device=asked["request"]["device"] or spec.training.device,
        on_missing_gpu=spec.training.on_missing_gpu,
        features_file=bench.loaded.features_file,
        output=local / MODEL_FILE,
    )
    result = run_child(job, time_limit_seconds=limit.total_seconds())
    keep_lineage(bench, asked, job, result, window, folder=folder)
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


def _challenger_scores(bench: Workbench, trained: Payload, rows: pa.Table, local: Path) -> Any:
    place = local / CHALLENGER
    place.mkdir()
    if trained["version"] is not None:
        scorer = registered_scorer(bench, trained["version"], place)
        return score(bench, scorer, rows, place).to_numpy()
    file = place / MODEL_FILE
    bench.store.download(trained["trained"]["path"], file)
    scorer = Scorer(file, trained["sha256"], trained["folder"])
    return score(bench, scorer, rows, place).to_numpy()


def _champion_scores(bench: Workbench, version: str, rows: pa.Table, local: Path) -> Any:
    place = local / CHAMPION
    place.mkdir()
    scorer = registered_scorer(bench, version, place)
    return score(bench, scorer, rows, place).to_numpy()


def _keep_evaluation(
    bench: Workbench, version: str, evaluation: Evaluation, verdict: PromotionVerdict
) -> None:
    bench.ledger.versions.record_evaluation(bench.spec.name, version, evaluation)
    tags = {"evergreen.verdict": verdict.verdict, "evergreen.verdict_sentence": verdict.sentence}
    for name, value in (("metric", evaluation.challenger.value), ("gain", evaluation.gain)):
        if value is not None:
            tags[f"evergreen.holdout_{name}"] = f"{value:.6f}"
    bench.registry.tag_version(bench.spec.name, version, tags)


def _as_payload(entry: VersionEntry) -> Payload:
    return {
        "version": entry.version,
        "sha256": entry.sha256,
        "folder": entry.folder,
        "trained": entry.trained.to_json(),
    }
