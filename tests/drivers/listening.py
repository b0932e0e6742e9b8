"""Listens to what Airflow tells of itself: StatsD over UDP, OpenLineage in a file, /metrics."""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from evergreen.sandbox.services.stack import Stack

LINE = re.compile(
    r"(?P<name>[^:,|]+)(?P<tags>(?:,[^:,|]+=[^:,|]*)*):(?P<value>[^|]+)\|(?P<kind>\w+)(?:\|@[\d.]+)?"
)
MAX_PACKET = 65535
PROJECT = Path(__file__).resolve().parents[2]


class Stat(NamedTuple):
    """One StatsD line: its name, what it is (``c``, ``g``, ``ms``), and its tags."""

    name: str
    kind: str
    tags: dict[str, str]


@dataclass(frozen=True)
class StatsdListener:
    """Keeps every line that was sent."""

    port: int
    lines: list[str]

    def stats(self) -> list[Stat]:
        """Return what came, each name with the same tags once."""
        matches = [LINE.fullmatch(line) for line in dict.fromkeys(self.lines)]
        assert None not in matches, [ln for ln in self.lines if not LINE.fullmatch(ln)][:5]
        return [
            Stat(
                match["name"],
                match["kind"],
                dict(tag.split("=", 1) for tag in match["tags"].split(",") if tag),
            )
            for match in matches
            if match is not None
        ]


@contextlib.contextmanager
def statsd_listener() -> Iterator[StatsdListener]:
    """Listen on a free UDP port of this machine for the length of the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        listener = StatsdListener(server.getsockname()[1], [])
        ended = threading.Event()
        thread = threading.Thread(target=_listen, args=(server, listener.lines, ended))
        thread.start()
        try:
            yield listener
        finally:
            ended.set()
            thread.join()


def _listen(server: socket.socket, lines: list[str], ended: threading.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            lines.extend(server.recv(MAX_PACKET).decode().splitlines())


def observing(port: int, events: Path) -> dict[str, str]:
    """Return the variables that switch StatsD and OpenLineage on, as docs/observability.md says."""
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(port),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "evergreen",
        "AIRFLOW__OPENLINEAGE__EXTRACTORS": ("evergreen.orchestration.openlineage.AssetExtractor"),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(events), "append": True}
        ),
    }


def lineage_events(file: Path) -> list[dict[str, Any]]:
    """Return the OpenLineage events of a file, one a line."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def scrape(stack: Stack) -> dict[str, Metric]:
    """Log in as the sidecar of Prometheus does, and read /metrics; by the names of the families."""
    token = stack.home / "airflow-token"
    subprocess.run(
        [PROJECT / "deploy" / "prometheus" / "renew-token.sh", token, "once"],
        env={
            **os.environ,
            "AIRFLOW_URL": stack.airflow_url,
            "METRICS_USER": stack.username,
            "METRICS_PASSWORD": stack.password,
            "no_proxy": "127.0.0.1",
        },
        check=True,
        timeout=60,
    )
    headers = {"Authorization": f"Bearer {token.read_text()}"}
    with httpx.Client(base_url=stack.airflow_url, trust_env=False, timeout=60) as client:
        answer = client.get("/evergreen/metrics", headers=headers).raise_for_status()
    return {metric.name: metric for metric in text_string_to_metric_families(answer.text)}
