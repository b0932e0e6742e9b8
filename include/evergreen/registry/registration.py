"""Registering a fitted model exactly once per idempotency key, whatever MLflow's replies do."""

import logging
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.errors import RegistryError
from evergreen.failpoints import failpoint
from evergreen.records import ModelVersion
from evergreen.registry.calls import FIRST_PAUSE_SECONDS, is_code
from evergreen.registry.connection import Connection
from evergreen.registry.versions import (
    DUPLICATE_TAG,
    KEY_TAG,
    MODEL_FILE,
    SHA256_TAG,
    fetch_model_file,
    file_sha256,
    search_versions,
    searchable,
    tag_version,
    to_metrics,
)

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

log = logging.getLogger(__name__)

EXISTS = "RESOURCE_ALREADY_EXISTS"


def register_once(
    mlflow: Connection,
    model: str,
    *,
    idempotency_key: str,
    model_file: Path,
    tags: Mapping[str, str],
    metrics: Mapping[str, float],
    params: Mapping[str, str],
) -> ModelVersion:
    """Make the one model version of ``idempotency_key``, or give the one that is there.

    Raises:
        RegistryError: MLflow did not do it, or did not store the file as it is.
    """
    existing = _settle(mlflow, model, idempotency_key)
    if existing is not None:
        log.info("%s v%s is already there for %s", model, existing.version, idempotency_key)
        return existing
    sha256 = file_sha256(model_file)
    all_tags = {**tags, KEY_TAG: idempotency_key, SHA256_TAG: sha256}
    run = _ensure_run(mlflow, model, all_tags)
    failpoint("after_run_created")
    _log_run(mlflow, run, metrics=metrics, params=params)
    _store_file(mlflow, run.info.run_id, model_file, sha256)
    failpoint("after_upload")
    _ensure_model(mlflow, model)
    failpoint("after_model_created")
    made = _create_version(mlflow, model, run.info.run_id, all_tags)
    log.info("registered %s v%s for %s", model, made.version, idempotency_key)
    return made


def _settle(mlflow: Connection, model: str, key: str) -> ModelVersion | None:
    """Return the version of a key: the lowest READY one; mark the others as its duplicates."""
    found = search_versions(mlflow, model, key)
    ready = [version for version in found if version.is_ready]
    if not ready:
        return None
    for other in found:
        if other is not ready[0]:
            tag_version(mlflow, model, other.version, {DUPLICATE_TAG: ready[0].version})
    return ready[0]


def _ensure_run(mlflow: Connection, model: str, tags: Mapping[str, str]) -> "Run":
    """Return the run of this fit: that of an attempt that died, or a new one."""
    experiment_id = _ensure_experiment(mlflow, f"evergreen/{model}")
    query = (
        f"tags.`{KEY_TAG}`='{searchable(tags[KEY_TAG])}'"
        f" and tags.`{SHA256_TAG}`='{tags[SHA256_TAG]}'"
    )
    found = mlflow.call(
        "search_runs",
        lambda c: c.search_runs([experiment_id], query, max_results=1, order_by=["start_time ASC"]),
    )
    if found:
        return found[0]
    return mlflow.call(
        "create_run",
        lambda c: c.create_run(experiment_id, tags=dict(tags), run_name=tags[KEY_TAG][:200]),
    )


def _ensure_experiment(mlflow: Connection, name: str) -> str:
    def find_or_create(client: "MlflowClient") -> str:
        found = client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(client.create_experiment(name))
            except Exception as err:
                if not is_code(err, EXISTS):
                    raise
                found = client.get_experiment_by_name(name)
        if found is None or found.lifecycle_stage != "active":
            raise RegistryError(
                f"experiment {name} at {mlflow.server} is deleted; restore it with"
                " `mlflow experiments restore`, or delete it for good with `mlflow gc`",
                is_permanent=True,
            )
        return str(found.experiment_id)

    return mlflow.call("create_experiment", find_or_create)


def _log_run(
    mlflow: Connection, run: "Run", *, metrics: Mapping[str, float], params: Mapping[str, str]
) -> None:
    """Log what the run does not have yet; MLflow refuses to change a parameter."""
    from mlflow.entities import Param

    missing = [Param(key, str(params[key])) for key in params if key not in run.data.params]
    values = to_metrics({key: metrics[key] for key in metrics if key not in run.data.metrics})
    mlflow.call("log_batch", lambda c: c.log_batch(run.info.run_id, metrics=values, params=missing))


def _store_file(mlflow: Connection, run_id: str, model_file: Path, sha256: str) -> None:
    """Store the model file under its one name, and read it back."""
    with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
        named = Path(folder) / MODEL_FILE
        named.symlink_to(model_file.resolve())
        mlflow.call(f"log_artifact {MODEL_FILE}", lambda c: c.log_artifact(run_id, str(named)))
        back = Path(folder) / "back"
        back.mkdir()
        found = file_sha256(fetch_model_file(mlflow, run_id, back))
    if found != sha256:
        raise RegistryError(
            f"MLflow at {mlflow.server} stored {MODEL_FILE} of run {run_id} damaged: sha256"
            f" {found[:12]}, expected {sha256[:12]}; nothing was registered: check the"
            " artifact store, then clear the task"
        )
    mlflow.call("set_terminated", lambda c: c.set_terminated(run_id, "FINISHED"))


def _ensure_model(mlflow: Connection, model: str) -> None:
    def create(client: "MlflowClient") -> None:
        try:
            client.create_registered_model(model)
        except Exception as err:
            if not is_code(err, EXISTS):
                raise

    if mlflow.call_or_none("get_registered_model", lambda c: c.get_registered_model(model)) is None:
        mlflow.call("create_registered_model", create)


def _create_version(
    mlflow: Connection, model: str, run_id: str, tags: Mapping[str, str]
) -> ModelVersion:
    """Create the version; after each failure look first whether it was created nevertheless."""
    for attempt in range(mlflow.max_retries + 1):
        failure: RegistryError | None = None
        try:
            mlflow.call_once(
                "create_model_version",
                lambda c: c.create_model_version(
                    model,
                    source=f"runs:/{run_id}/{MODEL_FILE}",
                    run_id=run_id,
                    tags=dict(tags),
                    await_creation_for=0,
                ),
            )
        except RegistryError as err:
            failure = err
        failpoint("after_create_version")
        made = _settle(mlflow, model, tags[KEY_TAG])
        if made is not None:
            return made
        if failure is None:
            raise RegistryError(
                f"MLflow at {mlflow.server} created a version of {model} for {tags[KEY_TAG]} with"
                f" {MODEL_FILE}, but it is not READY; see the server's log and its artifact store"
            )
        if failure.is_permanent or attempt == mlflow.max_retries:
            raise failure
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")
