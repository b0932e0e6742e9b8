"""Training, evaluating and promoting, between the store, the ledger and the registry."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import EmptyWindowError, RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.entries import VersionEntry
from evergreen.orchestration.deciding import windows_for
from evergreen.orchestration.history import matured, read_labelled
from evergreen.orchestration.provenance import git_commit, lock_hash
from evergreen.orchestration.request import MAX_REASON, check_keys, text_of
from evergreen.orchestration.runs import accepted_batches
from evergreen.orchestration.scoring import Scorer, registered_scorer, score
from evergreen.orchestration.workbench import Workbench
from evergreen.records import (
    Evaluation,
    Promotion,
    PromotionVerdict,
    Request,
    TrainedModel,
    Window,
)

Payload = dict[str, Any]
REFERENCE_SAMPLE_ROWS = 20_000
CHAMPION, CHALLENGER = "champion", "challenger"


def idempotency_key(bench: Workbench, asked: Payload) -> str:
    """Give the key under which a batch and an effective spec have one version."""
    request = Request.from_json(asked["request"])
    parts = (
        bench.spec.name,
        asked["batch"],
        bench.loaded.spec_hash,
        request.device or "",
        str(request.training_window_days or ""),
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def train(bench: Workbench, asked: Payload, *, scratch: str) -> Payload:
    """Fit a challenger and register it; a version that is there for the same key is used again.

    Returns:
        ``version`` (None on a dry run), ``sha256``, ``folder`` in the store, and ``trained``.
    """
    is_dry = bool(asked["request"]["dry_run"])
    key = idempotency_key(bench, asked)
    known = None if is_dry else bench.ledger.versions.by_key(bench.spec.name, key)
    if known is not None:
        return _as_payload(known)
    window, _ = windows_for(bench, asked)
    if window is None:
        raise EmptyWindowError(
            f"no labels of {bench.spec.name} have matured before {asked['batch']}"
        )
    rows = read_labelled(bench, window, before=asked["batch"])
    folder = f"{scratch}/challenger" if is_dry else f"versions/{bench.spec.name}/{key}"
    with bench.scratch() as local:
        trained = _fit(bench, asked, rows, window, local=local, folder=folder)
        _keep_reference(bench, rows, local, folder)
        if is_dry:
            return {
                "version": None,
                "sha256": trained.sha256,
                "folder": folder,
                "trained": trained.to_json(),
            }
        entry = _register(bench, asked, key, trained, model_file=local / "model.lgb", folder=folder)
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
    champion = bench.ledger.promotions.latest(bench.spec.name)
    target = rows[bench.spec.data.target].to_numpy()
    with bench.scratch() as local:
        evaluation = compare(
            target,
            _challenger_scores(bench, trained, rows, local),
            None if champion is None else _champion_scores(bench, champion.version, rows, local),
            metric=bench.spec.metric,
            challenger_version=trained["version"],
            champion_version=None if champion is None else champion.version,
            holdout=holdout,
        )
    verdict = judge(evaluation, bench.spec.promotion, min_rows=bench.spec.windows.min_holdout_rows)
    if trained["version"] is not None:
        _keep_evaluation(bench, trained["version"], evaluation, verdict)
    return evaluation, _unless_outdated(bench, asked["batch"], verdict)


def promote_challenger(
    bench: Workbench, asked: Payload, trained: Payload, evaluated: Payload
) -> Promotion:
    """Make the challenger champion through the exactly-once protocol."""
    from evergreen.promotion.protocol import promote

    expected = evaluated["evaluation"]["champion_version"]
    return promote(
        bench.ledger.promotions,
        bench.registry,
        model=bench.spec.name,
        version=trained["version"],
        sha256=trained["sha256"],
        expected_champion=expected,
        decision_id=asked["decision"],
        kind="bootstrap" if expected is None else "promotion",
        reason=evaluated["verdict"]["sentence"],
    )


def roll_back_champion(
    bench: Workbench, conf: object, *, run_id: str, requested_by: str
) -> Promotion:
    """Go back to the version that the conf names, or to the previous champion.

    Raises:
        RequestError: No reason, an unknown version, or nothing to go back to.
    """
    from evergreen.promotion.rollback import roll_back

    given = check_keys(conf, allowed=("version", "reason"))
    version = text_of(given, "version", longest=20) or None
    reason = text_of(given, "reason", longest=MAX_REASON)
    if not reason:
        raise RequestError('a rollback needs a reason: {"reason": "why"}')
    who = f"{requested_by}: {reason}" if requested_by else reason
    return roll_back(
        bench.ledger.promotions,
        bench.registry,
        model=bench.spec.name,
        to_version=version,
        decision_id=decision_id(bench.spec.name, "rollback", run_id),
        reason=who,
    )


def _fit(
    bench: Workbench, asked: Payload, rows: pa.Table, window: Window, *, local: Path, folder: str
) -> TrainedModel:
    from evergreen.training.jobs import FitJob
    from evergreen.training.process import run_child

    spec = bench.spec
    data = local / "training.parquet"
    pq.write_table(rows, data)
    limit = timedelta(minutes=spec.training.time_limit_minutes)
    result = run_child(
        FitJob(
            files=(data,),
            features=spec.data.features,
            target=spec.data.target,
            params=spec.training.params,
            n_rounds=spec.training.n_rounds,
            seed=spec.training.seed,
            device=asked["request"]["device"] or spec.training.device,
            on_missing_gpu=spec.training.on_missing_gpu,
            features_file=bench.loaded.features_file,
            output=local / "model.lgb",
        ),
        time_limit_seconds=limit.total_seconds(),
    )
    bench.store.upload(local / "model.lgb", f"{folder}/model.lgb")
    return TrainedModel(
        path=f"{folder}/model.lgb",
        sha256=result.sha256,
        n_rows=result.n_rows,
        n_rounds=result.n_rounds,
        seconds=result.seconds,
        device=result.device,
        device_reason=result.device_reason,
        seed=spec.training.seed,
        window=window,
    )


def _keep_reference(bench: Workbench, rows: pa.Table, local: Path, folder: str) -> None:
    """Keep what later batches are compared with, and the code and spec the model was made by."""
    from evergreen.drift.build import build_profile

    spec = bench.spec
    bench.store.write_json(
        f"{folder}/profile.json", build_profile(rows, spec.data.delivered_features).to_json()
    )
    step = max(1, rows.num_rows // REFERENCE_SAMPLE_ROWS)
    names = [feature.name for feature in spec.data.delivered_features]
    bench.store.write_table(
        f"{folder}/reference.parquet", rows.select(names).take(list(range(0, rows.num_rows, step)))
    )
    bench.store.write_json(f"{folder}/spec.json", spec.model_dump(mode="json"))
    if bench.loaded.features_file is not None:
        bench.store.upload(bench.loaded.features_file, f"{folder}/features.py")


def _register(
    bench: Workbench,
    asked: Payload,
    key: str,
    trained: TrainedModel,
    *,
    model_file: Path,
    folder: str,
) -> VersionEntry:
    spec = bench.spec
    snapshots = [d.sha256 or "" for d in matured(bench, before=asked["batch"])]
    registered = bench.registry.register(
        spec.name,
        idempotency_key=key,
        model_file=model_file,
        tags={
            "evergreen.sha256": trained.sha256,
            "evergreen.batch": asked["batch"],
            "evergreen.decision": asked["decision"],
            "evergreen.snapshots": ",".join(digest[:16] for digest in snapshots[-100:]),
            "evergreen.training_window": str(trained.window),
            "evergreen.git_commit": git_commit(),
            "evergreen.lock": lock_hash(),
            "evergreen.spec": bench.loaded.spec_hash,
            "evergreen.seed": str(trained.seed),
            "evergreen.device": trained.device,
        },
        metrics={"training_rows": trained.n_rows, "training_seconds": trained.seconds},
        params={k: str(v) for k, v in spec.training.params.to_lightgbm().items()},
    )
    return bench.ledger.versions.record(
        spec.name,
        registered.version,
        idempotency_key=key,
        sha256=registered.sha256,
        folder=folder,
        trained=trained.model_copy(update={"sha256": registered.sha256}),
    )


def _challenger_scores(bench: Workbench, trained: Payload, rows: pa.Table, local: Path) -> Any:
    place = local / CHALLENGER
    place.mkdir()
    if trained["version"] is not None:
        scorer = registered_scorer(bench, trained["version"], place)
        return score(bench, scorer, rows, place).to_numpy()
    file = place / "model.lgb"
    bench.store.download(f"{trained['folder']}/model.lgb", file)
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


def _unless_outdated(bench: Workbench, batch: str, verdict: PromotionVerdict) -> PromotionVerdict:
    newest = accepted_batches(bench)[-1]
    if verdict.verdict == "keep" or batch == newest:
        return verdict
    return PromotionVerdict(
        verdict="keep",
        sentence=f"batch {batch} is older than the newest, {newest}; decisions about the past"
        f" never promote ({verdict.sentence})",
    )


def _as_payload(entry: VersionEntry) -> Payload:
    return {
        "version": entry.version,
        "sha256": entry.sha256,
        "folder": entry.folder,
        "trained": entry.trained.to_json(),
    }
