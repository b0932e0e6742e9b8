"""What every task needs at hand: the model's spec, the ledger, the stores and the registry.

Opened inside a task, never while a DAG file is parsed. Adapters are made here, because only
this room may ask Airflow for a connection.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import DeliveryKind
from evergreen.settings import Settings, read_settings
from evergreen.spec.loader import LoadedSpec, load_spec
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)


class ModelContext:
    """One model's spec and the outside systems it uses.

    Attributes:
        settings: Addresses and folders of the installation.
        loaded: The model's spec with its expectations, feature code and hash.
        ledger: The truth.
    """

    def __init__(self, settings: Settings, loaded: LoadedSpec, ledger: Ledger) -> None:
        self.settings = settings
        self.loaded = loaded
        self.ledger = ledger

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""
        return self.loaded.spec

    @cached_property
    def store(self) -> "Store":
        """Where Evergreen keeps snapshots, predictions, profiles and reports."""
        return open_store(self.settings.store_uri, self.settings.store_connection_id)

    @cached_property
    def registry(self) -> "ModelRegistry":
        """The MLflow registry."""
        from evergreen.registry.client import ModelRegistry

        return ModelRegistry(self.settings.require_mlflow_uri())

    def deliveries(self, kind: DeliveryKind) -> "Store":
        """Open the place where data or labels of the model arrive."""
        location = self.spec.landing if kind == "data" else self.spec.labels
        return open_store(location.uri, location.connection_id)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Return a local folder that is gone afterwards, also when the task fails."""
        with TemporaryDirectory(prefix=f"evergreen-{self.spec.name}-") as folder:
            yield Path(folder)


@contextmanager
def open_model_context(model: str) -> Iterator[ModelContext]:
    """Open one model with its adapters; its ledger is closed afterwards.

    Raises:
        SpecError: The model's spec is missing or wrong.
    """
    settings = read_settings()
    loaded = load_spec(settings.models_dir / model, home=settings.home)
    with Ledger(settings.ledger_url) as ledger:
        yield ModelContext(settings, loaded, ledger)


def open_store(uri: str, connection_id: str) -> "Store":
    """Open a store; ``s3://`` with the credentials of the Airflow connection, if one is named."""
    from evergreen.storage.store import Store

    if urlsplit(uri).scheme != "s3" or not connection_id:
        return Store.at(uri)
    from airflow.providers.amazon.aws.fs.s3 import get_fs

    return Store.at(uri, get_fs(connection_id))
