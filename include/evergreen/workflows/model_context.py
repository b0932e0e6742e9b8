"""What every task needs at hand: the model's spec, the ledger, the stores and the registry.

Opened inside a task or a command, never while a DAG file is parsed.
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
from evergreen.workflows.connections import connections
from evergreen.workflows.frozen_spec import freeze_spec, read_frozen_spec

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

    def freeze_spec(self) -> str:
        """Keep the spec for the tasks of a run; return the hash by which they open it."""
        return freeze_spec(self.ledger, self.store, self.loaded)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Return a local folder that is deleted afterwards, also when the task fails."""
        with scratch_folder(self.spec.name) as folder:
            yield folder


@contextmanager
def open_model_context(model: str, spec_hash: str | None = None) -> Iterator[ModelContext]:
    """Open one model with its adapters; its ledger is closed afterwards.

    Args:
        model: Its name.
        spec_hash: The frozen spec of a run that has begun; None: the spec as its files are now.

    Raises:
        SpecError: The model's spec is missing or wrong.
        DataError: The frozen spec is gone or was changed.
    """
    settings = read_settings()
    if spec_hash is None:
        loaded = load_spec(settings.models_dir / model, home=settings.home)
        with Ledger(settings.ledger_url) as ledger:
            yield ModelContext(settings, loaded, ledger)
        return
    with (
        TemporaryDirectory(prefix=f"evergreen-{model}-spec-") as folder,
        Ledger(settings.ledger_url) as ledger,
    ):
        yield ModelContext(
            settings,
            read_frozen_spec(
                ledger,
                open_store(settings.store_uri, settings.store_connection_id),
                model,
                spec_hash,
                folder=Path(folder),
                home=settings.home,
            ),
            ledger,
        )


def open_deliveries(spec: ModelSpec, kind: DeliveryKind) -> "Store":
    """Open the place where data or labels of a model arrive."""
    location = spec.landing if kind == "data" else spec.labels
    return open_store(location.uri, location.connection_id)


@contextmanager
def scratch_folder(model: str) -> Iterator[Path]:
    """Return a local folder that is deleted afterwards, also when the task fails."""
    with TemporaryDirectory(prefix=f"evergreen-{model}-") as folder:
        yield Path(folder)


def open_store(uri: str, connection_id: str) -> "Store":
    """Open a store; ``s3://`` with the credentials of the connection, if one is named."""
    from evergreen.storage.store import Store

    if urlsplit(uri).scheme != "s3" or not connection_id:
        return Store.at(uri)
    return Store.at(uri, connections().s3_filesystem(connection_id))
