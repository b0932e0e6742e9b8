"""Waiting for a manifest: on the disk with our own trigger, in S3 with the provider's."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.triggers.s3 import S3KeyTrigger
from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferred
from airflow.triggers.base import TriggerEvent
from moto.server import ThreadedMotoServer

from drivers.tiny import write_spec
from evergreen.errors import StorageError
from evergreen.orchestration.callbacks import alert_no_data
from evergreen.orchestration.sensors import (
    FileManifestSensor,
    ManifestTrigger,
    manifest_there,
    wait_for_delivery,
)
from evergreen.spec.loader import load_spec
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.snapshot import ANY_BATCH

NOBODY = 65534
PATIENCE_SECONDS = 30


def uri_of(folder: Path, batch: str) -> str:
    return f"file://{folder}/{batch}/manifest.json"


def land(folder: Path, batch: str, *, is_complete: bool = True) -> None:
    (folder / batch).mkdir(parents=True)
    (folder / batch / "part.parquet").touch()
    if is_complete:
        (folder / batch / "manifest.json").touch()


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Take away the right to look into a folder, from root too."""
    folder.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


async def first_event(trigger: Any) -> dict[str, Any]:
    event: TriggerEvent = await asyncio.wait_for(anext(trigger.run()), PATIENCE_SECONDS)
    return dict(event.payload)


def make_spec(folder: Path, **given: Any) -> ModelSpec:
    return load_spec(write_spec(folder, **given), home=folder).spec


@pytest.mark.parametrize(
    ("landed", "asked", "is_there"),
    [
        pytest.param("2024-01-08", "2024-01-08", True, id="there"),
        pytest.param("2024-01-08", "2024-01-15", False, id="another"),
        pytest.param("2024-01-08", ANY_BATCH, True, id="any"),
        pytest.param("2024-01-08T06:00", ANY_BATCH, True, id="any, by the hour"),
        pytest.param("tmp", ANY_BATCH, False, id="any: no batch"),
    ],
)
def test_a_manifest_is_there_or_not(
    tmp_path: Path, landed: str, asked: str, is_there: bool
) -> None:
    land(tmp_path, landed)

    assert manifest_there(uri_of(tmp_path, asked)) is is_there


@pytest.mark.parametrize("asked", ["2024-01-08", ANY_BATCH])
def test_parts_without_a_manifest_are_not_there_yet(tmp_path: Path, asked: str) -> None:
    land(tmp_path, "2024-01-08", is_complete=False)

    assert manifest_there(uri_of(tmp_path, asked)) is False


@pytest.mark.parametrize("asked", ["2024-01-08", ANY_BATCH])
def test_a_landing_area_that_is_not_made_yet_is_waited_for(tmp_path: Path, asked: str) -> None:
    assert manifest_there(uri_of(tmp_path / "later", asked)) is False


@pytest.mark.parametrize("asked", ["2024-01-08", ANY_BATCH])
def test_a_folder_that_may_not_be_read_is_not_no_data_yet(tmp_path: Path, asked: str) -> None:
    land(tmp_path / "landing", "2024-01-08")

    with unreadable(tmp_path / "landing"), pytest.raises(StorageError, match="Permission denied"):
        manifest_there(uri_of(tmp_path / "landing", asked))


def test_the_trigger_fires_once_the_manifest_is_there(tmp_path: Path) -> None:
    land(tmp_path, "2024-01-08", is_complete=False)

    async def wait_and_land() -> dict[str, Any]:
        trigger = ManifestTrigger(uri_of(tmp_path, "2024-01-08"), poke_interval=0.01)
        waiting = asyncio.create_task(first_event(trigger))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        (tmp_path / "2024-01-08" / "manifest.json").touch()
        return await waiting

    assert asyncio.run(wait_and_land()) == {"status": "success"}


def test_the_trigger_says_so_when_it_may_not_look(tmp_path: Path) -> None:
    land(tmp_path / "landing", "2024-01-08")
    trigger = ManifestTrigger(uri_of(tmp_path / "landing", ANY_BATCH), poke_interval=0.01)

    with unreadable(tmp_path / "landing"):
        event = asyncio.run(first_event(trigger))

    assert event["status"] == "error"
    assert "Permission denied" in event["message"]


def test_the_triggerer_can_rebuild_the_trigger() -> None:
    path, arguments = ManifestTrigger("file:///a/b/manifest.json", 3.0).serialize()

    assert path == "evergreen.orchestration.sensors.ManifestTrigger"
    assert ManifestTrigger(**arguments).serialize() == (path, arguments)


def sensor_for(uri: str, **given: Any) -> FileManifestSensor:
    return FileManifestSensor(
        task_id="wait_for_batch", manifest_uri=uri, poke_interval=2, timeout=60, **given
    )


def test_a_manifest_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    land(tmp_path, "2024-01-08")

    sensor_for(uri_of(tmp_path, "2024-01-08")).execute({})


def test_waiting_holds_no_worker_and_ends_in_time(tmp_path: Path) -> None:
    with pytest.raises(TaskDeferred) as caught:
        sensor_for(uri_of(tmp_path, "2024-01-08")).execute({})

    deferred = caught.value
    assert isinstance(deferred.trigger, ManifestTrigger)
    assert deferred.trigger.poke_interval == 2
    assert deferred.timeout is not None
    assert deferred.timeout.total_seconds() == 60


def test_a_wait_that_ran_out_is_a_sensor_timeout(tmp_path: Path) -> None:
    sensor = sensor_for(uri_of(tmp_path, "2024-01-08"))

    with pytest.raises(AirflowSensorTimeout):
        sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, {})


def test_what_the_trigger_saw_decides_how_the_sensor_ends(tmp_path: Path) -> None:
    sensor = sensor_for(uri_of(tmp_path, "2024-01-08"))

    sensor.execute_complete({}, {"status": "success"})
    with pytest.raises(StorageError, match="Permission denied"):
        sensor.execute_complete({}, {"status": "error", "message": "Permission denied"})


@pytest.mark.parametrize(
    ("kind", "task_id"), [("data", "wait_for_batch"), ("labels", "wait_for_labels")]
)
@pytest.mark.parametrize(
    ("place", "sensor_class"), [("file:///", FileManifestSensor), ("s3://bucket/", S3KeySensor)]
)
def test_the_spec_alone_chooses_the_sensor(
    tmp_path: Path, kind: Any, task_id: str, place: str, sensor_class: type
) -> None:
    spec = make_spec(
        tmp_path, landing=f"{place}data", labels=f"{place}labels", connection="", wait_hours=2
    )

    sensor = wait_for_delivery(spec, kind)

    assert type(sensor) is sensor_class
    assert (sensor.task_id, sensor.timeout, sensor.poke_interval) == (task_id, 7200, 1)
    assert sensor.retries == 1
    assert list(sensor.on_failure_callback) == [alert_no_data]


def test_data_and_labels_may_lie_in_different_places(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, landing="s3://bucket/data", labels="file:///labels")

    sensors = [type(wait_for_delivery(spec, kind)) for kind in ("data", "labels")]

    assert sensors == [S3KeySensor, FileManifestSensor]


class Lake:
    """A bucket on a real S3 over HTTP."""

    def __init__(self, endpoint: str) -> None:
        self.name = f"lake-{uuid4().hex[:12]}"
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def put(self, key: str) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=b"{}")

    def sensor(self, folder: Path, batch: str) -> S3KeySensor:
        """Return the sensor of a spec that names the bucket, its template filled in."""
        root = f"s3://{self.name}"
        spec = make_spec(
            folder, landing=f"{root}/landing", labels=f"{root}/labels", connection="lake"
        )
        sensor = wait_for_delivery(spec, "data")
        assert isinstance(sensor, S3KeySensor)
        sensor.bucket_key = f"{root}/landing/{batch}/manifest.json"
        return sensor


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))
    yield Lake(endpoint)
    server.stop()


@pytest.mark.parametrize("asked", ["2024-01-08", ANY_BATCH])
def test_a_manifest_in_s3_is_waited_for_and_found(tmp_path: Path, lake: Lake, asked: str) -> None:
    lake.client.create_bucket(Bucket=lake.name)
    lake.put("landing/2024-01-08/part.parquet")
    lake.put("landing/tmp/manifest.json")
    with pytest.raises(TaskDeferred) as caught:
        lake.sensor(tmp_path, asked).execute({})
    trigger = caught.value.trigger
    assert isinstance(trigger, S3KeyTrigger)

    async def wait_and_land() -> dict[str, Any]:
        waiting = asyncio.create_task(first_event(trigger))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        lake.put("landing/2024-01-08/manifest.json")
        return await waiting

    event = asyncio.run(wait_and_land())

    assert event["status"] == "success"
    assert lake.sensor(tmp_path, asked).poke({})


def test_a_bucket_that_is_not_there_is_not_no_data_yet(tmp_path: Path, lake: Lake) -> None:
    with pytest.raises(Exception, match="NoSuchBucket"):
        lake.sensor(tmp_path, "2024-01-08").execute({})
