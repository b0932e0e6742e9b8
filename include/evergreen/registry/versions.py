"""Model versions as MLflow keeps them: reading them, finding them by key, fetching their file."""

import hashlib
import math
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.errors import ModelFileError
from evergreen.records import ModelVersion
from evergreen.registry.connection import Connection

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion
    from mlflow.tracking import MlflowClient

MODEL_FILE = "model.lgb"
KEY_TAG = "evergreen.key"
SHA256_TAG = "evergreen.sha256"
DUPLICATE_TAG = "evergreen.duplicate_of"
PAGE = 500
CHUNK_BYTES = 1 << 20
MAX_MODEL_BYTES = 1 << 30


def to_model_version(found: "MlflowVersion") -> ModelVersion:
    """Read MLflow's version; one that was not made here has no sha256 and no key."""
    return ModelVersion(
        model=found.name,
        version=str(found.version),
        run_id=found.run_id or "",
        sha256=found.tags.get(SHA256_TAG, ""),
        idempotency_key=found.tags.get(KEY_TAG, ""),
        is_ready=found.status == "READY",
    )


def search_versions(mlflow: Connection, model: str, key: str | None = None) -> list[ModelVersion]:
    """The versions of a model, or those that carry an idempotency key, lowest number first."""
    query = f"name='{searchable(model)}'"
    if key is not None:
        query += f" and tags.`{KEY_TAG}`='{searchable(key)}'"
    found = mlflow.call("search_model_versions", partial(_search_all, query=query))
    return sorted(map(to_model_version, found), key=lambda version: int(version.version))


def tag_version(mlflow: Connection, model: str, version: str, tags: Mapping[str, str]) -> None:
    """Set tags on a version; other tags stay."""

    def set_all(client: "MlflowClient") -> None:
        for key, value in tags.items():
            client.set_model_version_tag(model, version, key, value)

    mlflow.call("set_model_version_tag", set_all)


def _search_all(client: "MlflowClient", query: str) -> "list[MlflowVersion]":
    found: list[MlflowVersion] = []
    token: str | None = None
    while True:
        page = client.search_model_versions(query, PAGE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found


def searchable(text: str) -> str:
    """Return the text back when it can stand in an MLflow filter as it is.

    Raises:
        ValueError: It holds a quote, a backslash or a control character, or is empty.
    """
    if not text or not text.isprintable() or set(text) & set("'\"`\\"):
        raise ValueError(
            f"{text!r} cannot be searched for in MLflow; use no quotes and no backslash"
        )
    return text


def fetch_model_file(mlflow: Connection, run_id: str, folder: Path) -> Path:
    """Fetch ``model.lgb`` of a run, and nothing else of it, into a folder.

    What lies beside it in the registry is not looked at, and what lies under its name is no more
    than bytes: nothing is loaded, imported or unpacked here.

    Raises:
        ModelFileError: Under that name there is no plain file, or one that no model is as large as.
        RegistryError: MLflow did not give it.
    """
    _check_listing(mlflow, run_id)
    fetched = Path(
        mlflow.call(
            f"download_artifacts {MODEL_FILE}",
            lambda c: c.download_artifacts(run_id, MODEL_FILE, str(folder)),
        )
    )
    if fetched.is_symlink() or not fetched.is_file():
        raise _not_plain(mlflow, run_id, "not a plain file")
    return fetched


def _check_listing(mlflow: Connection, run_id: str) -> None:
    """Look at name, kind and size before anything is downloaded."""
    listed = mlflow.call(f"list_artifacts for {MODEL_FILE}", lambda c: c.list_artifacts(run_id))
    for found in listed:
        if found.path != MODEL_FILE:
            continue
        if found.is_dir:
            raise _not_plain(mlflow, run_id, "a folder, not a file")
        n_bytes = found.file_size or 0
        if n_bytes > MAX_MODEL_BYTES:
            size = f"{n_bytes / 2**20:,.0f} MiB"
            raise _not_plain(mlflow, run_id, f"{size}, at most {MAX_MODEL_BYTES >> 20:,} are taken")


def _not_plain(mlflow: Connection, run_id: str, what: str) -> ModelFileError:
    return ModelFileError(
        f"{MODEL_FILE} of run {run_id} at {mlflow.server} is {what}; it is not what was registered:"
        " do not use it, find out who wrote to the artifact store"
    )


def to_metrics(metrics: Mapping[str, float]) -> list["Metric"]:
    """Return MLflow's metrics; values that are not finite are left out."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [Metric(name, value, now, 0) for name, value in metrics.items() if math.isfinite(value)]


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
