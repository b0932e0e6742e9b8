"""A real S3 over HTTP (moto's server) and a store on each kind of place."""

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from evergreen.storage.store import Store

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


OpenS3 = Callable[..., Any]


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def open_s3(s3_address: str) -> OpenS3:
    """Return file systems that speak to the server, or to another address, with some keys."""

    def open_one(
        *,
        address: str = s3_address,
        key: str = "testing",
        secret: str = "testing",  # noqa: S107 - made up
    ) -> Any:
        return fsspec.filesystem(
            "s3",
            key=key,
            secret=secret,
            endpoint_url=address,
            client_kwargs={"region_name": REGION},
            config_kwargs={"retries": {"max_attempts": 0}},
            skip_instance_cache=True,
        )

    return open_one


@pytest.fixture
def bucket(s3_address: str) -> str:
    name = f"bucket-{uuid4().hex[:12]}"
    client = boto3.client("s3", endpoint_url=s3_address, region_name=REGION, **KEYS)
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def stranger(s3_address: str, bucket: str) -> Iterator[dict[str, str]]:
    """Keys of a user who may do nothing, on a server that checks."""
    iam = boto3.client("iam", endpoint_url=s3_address, region_name=REGION, **KEYS)
    user = f"stranger-{uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    _check_permissions_after(s3_address, 0)
    yield {"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"]}
    _check_permissions_after(s3_address, float("inf"))


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return Store.at(f"file://{tmp_path}/root")
    open_s3: OpenS3 = request.getfixturevalue("open_s3")
    name: str = request.getfixturevalue("bucket")
    return Store.at(f"s3://{name}/some/prefix", filesystem=open_s3())


def _check_permissions_after(address: str, n_calls: float) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/moto-api/reset-auth",
        data=str(n_calls).encode(),
        headers={"Content-Type": "text/plain"},
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own server
