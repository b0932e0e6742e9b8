"""Model versions and aliases in MLflow, by what Evergreen needs of them.

A version is one native LightGBM text file, ``model.lgb``, and tags. Nothing here runs what it
downloads: MLflow's ``load_model`` family is not used, and a file whose sha256 is not the expected
one is never handed out.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

from evergreen.errors import ModelFileError, RegistryError
from evergreen.records import ModelVersion
from evergreen.registry.artifacts import describe_version, log_texts
from evergreen.registry.connection import Connection
from evergreen.registry.registration import register_once
from evergreen.registry.versions import (
    MODEL_FILE,
    fetch_model_file,
    file_sha256,
    search_versions,
    tag_version,
    to_model_version,
)

log = logging.getLogger(__name__)


class ModelRegistry:
    """One MLflow server. Every call ends in about ``timeout_seconds``, twice that at the worst."""

    def __init__(
        self, tracking_uri: str, timeout_seconds: float = 20, max_retries: int = 2
    ) -> None:
        self._mlflow = Connection(tracking_uri, timeout_seconds, max_retries)

    @property
    def server(self) -> str:
        """The server's address, without credentials."""
        return self._mlflow.server

    def register(
        self,
        model: str,
        *,
        idempotency_key: str,
        model_file: Path,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        params: Mapping[str, str],
    ) -> ModelVersion:
        """Make the one model version of ``idempotency_key``, or give the one that is there.

        A rerun, a lost reply and a race end in the same version: the lowest READY one that carries
        the key; others are tagged ``evergreen.duplicate_of``. The version that is there may hold an
        earlier fit: use the ``sha256`` that comes back, not that of ``model_file``.

        Args:
            model: Name of the registered model; made where it is missing.
            idempotency_key: Names the fit, for example model, batch and spec hash; no quotes.
            model_file: Native LightGBM text; stored as ``model.lgb`` and read back.
            tags: For the run and the version, beside ``evergreen.key`` and ``evergreen.sha256``.
            metrics: For the run; values that are not finite are left out.
            params: For the run.

        Raises:
            RegistryError: MLflow did not do it, or stored the file damaged; a rerun finds what was
                done.
            ValueError: The key cannot be searched for.
        """
        return register_once(
            self._mlflow,
            model,
            idempotency_key=idempotency_key,
            model_file=model_file,
            tags=tags,
            metrics=metrics,
            params=params,
        )

    def get_alias(self, model: str, alias: str) -> ModelVersion | None:
        """Return the version that bears the alias; None where model or alias is not there."""
        registered = self._mlflow.call_or_none(
            "get_registered_model", lambda c: c.get_registered_model(model)
        )
        version = registered.aliases.get(alias) if registered else None
        return None if version is None else self.get_version(model, str(version))

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Make the alias name this version, whatever it named before."""
        self._mlflow.call(
            "set_registered_model_alias",
            lambda c: c.set_registered_model_alias(model, alias, version),
        )
        log.info("alias %s of %s now names version %s", alias, model, version)

    def get_version(self, model: str, version: str) -> ModelVersion | None:
        """Return one version, None where it is not there."""
        found = self._mlflow.call_or_none(
            "get_model_version", lambda c: c.get_model_version(model, version)
        )
        return None if found is None else to_model_version(found)

    def list_versions(self, model: str) -> list[ModelVersion]:
        """Return all versions of a model, the oldest first; an unknown model has none."""
        return search_versions(self._mlflow, model)

    def download_model(self, version: ModelVersion, to: Path, expected_sha256: str) -> Path:
        """Fetch the version's model file to the file ``to``; a right one that is there is kept.

        Raises:
            ModelFileError: The stored file is not the one that ``expected_sha256`` names.
            RegistryError: MLflow did not give it.
        """
        if to.is_file() and file_sha256(to) == expected_sha256:
            return to
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".download-") as folder:
            fetched = fetch_model_file(self._mlflow, version.run_id, Path(folder))
            found = file_sha256(fetched)
            if found != expected_sha256:
                raise ModelFileError(
                    f"{MODEL_FILE} of {version.model} v{version.version} at {self.server} has"
                    f" sha256 {found[:12]}, expected {expected_sha256[:12]}; it was replaced"
                    " after it was registered: do not use it, find out who wrote to the artifact"
                    " store"
                )
            fetched.replace(to)
        return to

    def delete_version(self, model: str, version: str) -> None:
        """Delete a version; one that is gone is fine, one that bears an alias is refused.

        Raises:
            RegistryError: It bears an alias, which MLflow would delete with it; or the call failed.
        """
        found = self._mlflow.call_or_none(
            "get_registered_model", lambda c: c.get_registered_model(model)
        )
        borne = sorted(a for a, v in (found.aliases if found else {}).items() if str(v) == version)
        if borne:
            raise RegistryError(
                f"{model} v{version} bears the alias {', '.join(borne)} and is not deleted; move"
                " the alias first",
                is_permanent=True,
            )
        self._mlflow.call_or_none(
            "delete_model_version", lambda c: c.delete_model_version(model, version)
        )

    def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags on a version; other tags stay."""
        tag_version(self._mlflow, model, version, tags)

    def log_texts(self, run_id: str, texts: Mapping[str, str]) -> None:
        """Store texts as files of a run, by their path in it; one that is there is replaced."""
        log_texts(self._mlflow, run_id, texts)

    def describe_version(self, model: str, version: str, text: str) -> None:
        """Set the description that MLflow shows of a version, as Markdown."""
        describe_version(self._mlflow, model, version, text)
