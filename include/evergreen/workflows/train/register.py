"""Keeping a fitted model: once in the registry, with all that belongs to it in the store."""

from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.data.windows import overlaps
from evergreen.failpoints import failpoint
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import VersionEntry
from evergreen.records import TrainedModel, Window
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.provenance import git_commit, lock_hash

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry

MODEL_FILE = "model.lgb"
MAX_SNAPSHOTS = 100


def known_version(
    spec: ModelSpec, ledger: Ledger, registry: "ModelRegistry", key: str
) -> VersionEntry | None:
    """The version of a key, unless it was deleted from the registry: then it is made anew."""
    known = ledger.versions.by_key(spec.name, key)
    if known is None or registry.get_version(known.model, known.version) is not None:
        return known
    ledger.versions.release_key(known.model, known.version)
    return None


def register(
    context: ModelContext,
    run: DecisionRun,
    key: str,
    trained: TrainedModel,
    *,
    local: Path,
    folder: str,
) -> VersionEntry:
    """Register the model file and keep a copy of what was registered in the store.

    A version that an earlier attempt registered stays, also where this fit gave another file, as a
    GPU may.
    """
    failpoint("before_register")
    spec = context.spec
    registered = context.registry.register(
        spec.name,
        idempotency_key=key,
        model_file=local / MODEL_FILE,
        tags={
            "evergreen.sha256": trained.sha256,
            "evergreen.batch": run.batch,
            "evergreen.decision": run.decision_id,
            "evergreen.snapshots": ",".join(
                _snapshots_in(context.spec, context.ledger, trained.window)
            ),
            "evergreen.training_window": str(trained.window),
            "evergreen.git_commit": git_commit(),
            "evergreen.lock": lock_hash(),
            "evergreen.spec": run.spec_hash,
            "evergreen.seed": str(trained.seed),
            "evergreen.device": trained.device,
        },
        metrics={"training_rows": trained.n_rows, "training_seconds": trained.seconds},
        params={k: str(v) for k, v in spec.training.params.to_lightgbm().items()},
    )
    failpoint("after_register")
    kept = context.registry.download_model(registered, local / MODEL_FILE, registered.sha256)
    context.store.upload(kept, trained.path)
    failpoint("before_ledger_version")
    entry = context.ledger.versions.record(
        spec.name,
        registered.version,
        idempotency_key=key,
        sha256=registered.sha256,
        folder=folder,
        trained=trained.model_copy(update={"sha256": registered.sha256}),
    )
    failpoint("after_ledger_version")
    return entry


def _snapshots_in(spec: ModelSpec, ledger: Ledger, window: Window) -> list[str]:
    """Return the ids of the newest data snapshots that reach into a window."""
    data = ledger.batches.deliveries(spec.name, "data", status="accepted")
    used = [d for d in data if d.window is not None and overlaps(d.window, window)]
    return [(d.sha256 or "")[:16] for d in used[-MAX_SNAPSHOTS:]]
