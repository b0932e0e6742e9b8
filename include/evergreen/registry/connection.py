"""One MLflow server, reached through bounded calls."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from evergreen.registry.calls import bound_requests, call_bounded, is_code
from evergreen.settings import server_name

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

T = TypeVar("T")


class Connection:
    """MLflow's client for one server; its failures come out as ``RegistryError``."""

    def __init__(self, tracking_uri: str, timeout_seconds: float, max_retries: int) -> None:
        self._tracking_uri = tracking_uri.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self.max_retries = max_retries
        self.server = server_name(tracking_uri)
        bound_requests(timeout_seconds)

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=self._tracking_uri, registry_uri=self._tracking_uri)

    def call(self, name: str, action: Callable[["MlflowClient"], T]) -> T:
        """Run ``action``, which must be safe to run twice, with retries.

        Raises:
            RegistryError: MLflow did not do it.
        """
        return self._call(name, lambda: action(self._client), self.max_retries)

    def call_once(self, name: str, action: Callable[["MlflowClient"], T]) -> T:
        """Run ``action`` without retries: after a failure nobody knows whether it was done.

        Raises:
            RegistryError: MLflow did not do it, or did not say that it did.
        """
        return self._call(name, lambda: action(self._client), 0)

    def call_or_none(self, name: str, action: Callable[["MlflowClient"], T]) -> T | None:
        """Run ``action`` with retries; give None when MLflow says that the object does not exist.

        Raises:
            RegistryError: MLflow did not do it for another reason.
        """

        def attempt() -> T | None:
            try:
                return action(self._client)
            except Exception as err:
                if is_code(err, "RESOURCE_DOES_NOT_EXIST"):
                    return None
                raise

        return self._call(name, attempt, self.max_retries)

    def _call(self, name: str, action: Callable[[], T], max_retries: int) -> T:
        return call_bounded(
            name,
            action,
            server=self.server,
            timeout_seconds=self.timeout_seconds,
            max_retries=max_retries,
        )
