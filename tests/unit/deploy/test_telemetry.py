"""The variables of docs/observability.md make Airflow send its metrics to an OTLP collector."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

COLLECTOR = "http://otel-collector:4318"
# As Airflow's own processes do when they start.
SEND = """
from airflow.observability.metrics.stats_utils import get_stats_factory
from airflow.observability.stats import incr, initialize
initialize(factory=get_stats_factory(), export_legacy_names=False)
incr("scheduler_heartbeat")
"""


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Take what is posted; give the address and the list of (path, body)."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_metrics_reach_an_opentelemetry_collector(project: Path, tmp_path: Path) -> None:
    page = (project / "docs" / "observability.md").read_text()
    told = dict(re.findall(r"^    (\w*OTEL_\w+)=(.*)$", page, re.MULTILINE))
    assert COLLECTOR in told["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]

    with collector() as (address, taken):
        variables = {key: value.replace(COLLECTOR, address) for key, value in told.items()}
        home = {"AIRFLOW_HOME": str(tmp_path), "no_proxy": "127.0.0.1"}
        subprocess.run(
            [sys.executable, "-c", SEND], env={**os.environ, **home, **variables}, check=True
        )

    names = {
        metric.name
        for path, body in taken
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if path == "/v1/metrics"
    }
    assert "airflow.scheduler_heartbeat" in names
