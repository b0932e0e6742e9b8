"""Waiting for a manifest: the Amazon provider's sensor for ``s3://``, our own for ``file://``.

Both defer, both fail fast on anything but "not there yet", both time out the same way. The
place that is waited for comes from the task ``find_next_batch``; which sensor it is follows
from the spec alone.
"""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseSensorOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from evergreen import dag_ids
from evergreen.errors import StorageError
from evergreen.ledger.records import DeliveryKind
from evergreen.orchestration.callbacks import WAITS, alert_no_data
from evergreen.spec.model import ModelSpec

log = logging.getLogger(__name__)

MANIFEST_TEMPLATE = f"{{{{ ti.xcom_pull(task_ids='{dag_ids.FIND_NEXT_BATCH}')['manifest'] }}}}"


def manifest_there(uri: str) -> bool:
    """Return whether a manifest is there; the batch folder of ``uri`` may be a pattern.

    Raises:
        StorageError: The landing area cannot be read (that is not "no data yet").
    """
    from fnmatch import fnmatchcase
    from pathlib import Path

    path = Path(urlsplit(uri).path)
    batch, landing = path.parent.name, path.parent.parent
    try:
        if "*" not in batch:
            return path.is_file()
        folders = list(landing.iterdir()) if landing.exists() else []
        found = [f for f in folders if fnmatchcase(f.name, batch) and (f / path.name).is_file()]
    except OSError as err:
        raise StorageError(f"cannot look for {uri}: {err}; check the folder's permissions") from err
    return bool(found)


class ManifestTrigger(BaseTrigger):
    """Fires once when a manifest is there; looks every ``poke_interval`` seconds.

    Args:
        uri: ``file://`` place of the manifest; the batch folder may be a pattern.
        poke_interval: Seconds between two looks.
    """

    def __init__(self, uri: str, poke_interval: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow
        self.uri = uri
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to rebuild this trigger."""
        return (
            f"{type(self).__module__}.{type(self).__name__}",
            {"uri": self.uri, "poke_interval": self.poke_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the manifest is there, or until looking itself fails."""
        import asyncio

        try:
            while not await asyncio.to_thread(manifest_there, self.uri):
                await asyncio.sleep(self.poke_interval)
        except StorageError as err:
            yield _event({"status": "error", "message": str(err)})
            return
        yield _event({"status": "success"})


def _event(payload: dict[str, str]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]  # untyped in Airflow


class FileManifestSensor(BaseSensorOperator):
    """Waits, deferred, for a manifest in a local folder.

    Args:
        manifest_uri: ``file://`` place of the manifest; templated.
    """

    template_fields = ("manifest_uri",)

    def __init__(self, *, manifest_uri: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri

    def execute(self, context: Any) -> None:
        """Return at once when the manifest is there, defer otherwise."""
        if manifest_there(self.manifest_uri):
            return
        self.log.info("waiting for %s", self.manifest_uri)
        self.defer(
            trigger=ManifestTrigger(self.manifest_uri, self.poke_interval),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """Go on when the trigger saw the manifest.

        Raises:
            StorageError: The trigger could not look.
        """
        if event["status"] != "success":
            raise StorageError(event["message"])


def wait_for_delivery(spec: ModelSpec, kind: DeliveryKind) -> BaseSensorOperator:
    """Return the sensor that waits for the next delivery of data or labels."""
    location = spec.landing if kind == "data" else spec.labels
    wait = timedelta(hours=spec.arrivals.wait_hours)
    arguments: dict[str, Any] = {
        "task_id": next(task_id for task_id, waited in WAITS.items() if waited == kind),
        "poke_interval": spec.arrivals.poke_seconds,
        "timeout": wait.total_seconds(),
        "execution_timeout": None,
        "retries": 1,
        "on_retry_callback": alert_no_data,
        "on_failure_callback": alert_no_data,
        "doc_md": f"Waits up to {wait} for the manifest, without holding a worker slot.",
    }
    if location.scheme == "file":
        return FileManifestSensor(manifest_uri=MANIFEST_TEMPLATE, **arguments)
    from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

    return S3KeySensor(
        bucket_key=MANIFEST_TEMPLATE,
        wildcard_match=True,
        deferrable=True,
        aws_conn_id=location.connection_id or None,
        **arguments,
    )
