"""One running suite for the stories that can share it: each has a model and a Slack of its own.

Everything lies in S3 over HTTP and in PostgreSQL; Airflow tells StatsD and OpenLineage of itself.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import s3fs
from moto.server import ThreadedMotoServer

from drivers.listening import StatsdListener, observing, statsd_listener
from drivers.loop import PARSED_ONCE, PROJECT, migrate
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.airflow_api import AirflowApi
from evergreen.sandbox.services.stack import Stack
from standins.slack import SlackServer

BUCKET = "lake"
S3_SECRET = "canary-s3-secret-4711"
SLACK_TOKEN = "xoxb-canary-slack-token-4711"
PARALLELISM = 6
COLLEAGUE = "ada"  # a second user, beside Airflow's admin
COLLEAGUES = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{COLLEAGUE}:admin"}
TRIGGERS = {"AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2"}


@dataclass(frozen=True)
class SharedStack:
    """The suite, and what stands around it.

    Attributes:
        stack: Airflow, MLflow, PostgreSQL.
        ledger: The truth about all models.
        models_dir: The specs.
        s3: A client of the bucket.
        filesystem: The same as a file system.
        slack: What each story's people would read, by the story's name.
        statsd: What Airflow has told of itself.
        events: File of the OpenLineage events.
    """

    stack: Stack
    ledger: Ledger
    models_dir: Path
    s3: "boto3.client"
    filesystem: s3fs.S3FileSystem
    slack: Mapping[str, SlackServer]
    statsd: StatsdListener
    events: Path

    def as_colleague(self) -> AirflowApi:
        """Return Airflow's API, logged in as the second user; to be closed."""
        passwords = json.loads((self.stack.home / "airflow" / "passwords.json").read_text())
        return AirflowApi(self.stack.airflow_url, username=COLLEAGUE, password=passwords[COLLEAGUE])


@dataclass(frozen=True)
class Part:
    """What a story brings to the stack.

    Attributes:
        name: Of the story; its Slack connection is ``chat_<name>``.
        dags: DAGs that it needs.
    """

    name: str
    dags: tuple[str, ...]

    @property
    def connection(self) -> str:
        """Id of the Airflow connection to the story's Slack."""
        return f"chat_{self.name}"


@contextmanager
def running_shared_stack(
    folder: Path, models_dir: Path, parts: tuple[Part, ...]
) -> Iterator[SharedStack]:
    """Run the suite on the specs in ``models_dir`` for the length of the block."""
    events = folder / "openlineage.json"
    with ExitStack() as around:
        url = around.enter_context(running_s3())
        slack = {part.name: around.enter_context(SlackServer()) for part in parts}
        statsd = around.enter_context(statsd_listener())
        chats = {
            f"AIRFLOW_CONN_{part.connection.upper()}": slack_connection(slack[part.name])
            for part in parts
        }
        stack = around.enter_context(
            Stack(
                folder / "home",
                project=PROJECT,
                database="postgres",
                ledger="postgres",
                dags=sorted({dag for part in parts for dag in part.dags}),
                models_dir=models_dir,
                extra_env={
                    **observing(statsd.port, events),
                    **chats,
                    "AIRFLOW_CONN_LAKE": s3_connection(url),
                    "EVERGREEN_STORE_URI": f"s3://{BUCKET}/store",
                    "EVERGREEN_STORE_CONNECTION_ID": "lake",
                    **COLLEAGUES,
                    **TRIGGERS,
                    **PARSED_ONCE,
                },
                parallelism=PARALLELISM,
                prepare=migrate,
            )
        )
        yield SharedStack(
            stack=stack,
            ledger=around.enter_context(Ledger(stack.ledger_url)),
            models_dir=models_dir,
            s3=s3_client(url),
            filesystem=s3fs.S3FileSystem(
                key="evergreen", secret=S3_SECRET, endpoint_url=url, use_listings_cache=False
            ),
            slack=slack,
            statsd=statsd,
            events=events,
        )


@contextmanager
def running_s3() -> Iterator[str]:
    """Run a stand-in of S3 with an empty bucket for the length of the block; give its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        s3_client(url).create_bucket(Bucket=BUCKET)
        yield url
    finally:
        server.stop()


def s3_client(url: str) -> "boto3.client":
    """Return a client of the stand-in."""
    login = {"aws_access_key_id": "evergreen", "aws_secret_access_key": S3_SECRET}
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", **login)


def s3_connection(url: str) -> str:
    """Return the Airflow connection to the stand-in of S3."""
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    login = {"login": "evergreen", "password": S3_SECRET}
    return json.dumps({"conn_type": "aws", **login, "extra": extra})


def slack_connection(server: SlackServer) -> str:
    """Return the Airflow connection to a stand-in of Slack."""
    extra = {"base_url": server.base_url}
    return json.dumps({"conn_type": "slack", "password": SLACK_TOKEN, "extra": extra})
