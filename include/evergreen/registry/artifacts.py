"""Texts beside a model: files in the version's run, and the description that MLflow shows."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from evergreen.registry.connection import Connection

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def log_texts(mlflow: Connection, run_id: str, texts: Mapping[str, str]) -> None:
    """Store texts as artifacts of a run, by their path in it; one that is there is replaced.

    Raises:
        RegistryError: MLflow did not take one of them; a rerun replaces what was stored.
    """
    for path, text in texts.items():
        mlflow.call(
            f"log_artifact {path}",
            partial(_log_text, run_id=run_id, text=text, path=path),
        )


def describe_version(mlflow: Connection, model: str, version: str, text: str) -> None:
    """Set what MLflow shows of a version; Markdown that others wrote has to be escaped before."""
    mlflow.call(
        "update_model_version", lambda c: c.update_model_version(model, version, description=text)
    )


def _log_text(client: "MlflowClient", *, run_id: str, text: str, path: str) -> None:
    client.log_text(run_id, text, path)
