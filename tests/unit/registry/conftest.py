"""A proxy in front of a real MLflow server that breaks on request."""

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from drivers.mlflow_server import free_port


class FaultyProxy:
    """Forwards to MLflow; ``fault`` names what goes wrong with a request.

    Modes: pass, 500 (not forwarded), 500_after (forwarded, reply lost), 401, 403, hang, cut (half
    of an upload is forwarded), drop_after (forwarded, connection closed without a reply).
    """

    def __init__(self, target: str) -> None:
        self.fault: Callable[[str, str, int], str] = lambda _method, _path, _n: "pass"
        self.requests: list[tuple[str, str]] = []
        self.release = threading.Event()
        self._host, _, self._port = target.removeprefix("http://").partition(":")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(ProxyHandler, self))
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        headers = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length")}
        connection = http.client.HTTPConnection(self._host, int(self._port), timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()

    def count(self, part: str, method: str = "POST") -> int:
        return sum(1 for verb, path in self.requests if part in path and verb == method)

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


class ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: FaultyProxy, *args: Any) -> None:
        self.proxy = proxy
        super().__init__(*args)

    def answer(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.requests.append((self.command, self.path))
        mode = proxy.fault(self.command, self.path, len(proxy.requests))
        if mode == "hang":
            proxy.release.wait(60)
            self.close_connection = True
        elif mode.isdigit():
            self.reply(int(mode), b"no")
        else:
            body = body[: len(body) // 2] if mode == "cut" else body
            self.pass_on(mode, proxy.forward(self.command, self.path, dict(self.headers), body))

    def pass_on(self, mode: str, answer: tuple[int, str, bytes]) -> None:
        status, kind, data = answer
        if mode == "drop_after":
            self.close_connection = True
        elif mode == "500_after":
            self.reply(500, b"lost")
        else:
            self.reply(status, data, kind)

    def reply(self, status: int, data: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - named by http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
        return


@pytest.fixture
def proxy(mlflow_uri: str) -> Iterator[FaultyProxy]:
    with contextlib.closing(FaultyProxy(mlflow_uri)) as running:
        yield running


@pytest.fixture
def closed_port() -> int:
    return free_port()


@pytest.fixture
def model(request: pytest.FixtureRequest) -> str:
    """A model name of this test's own."""
    return "m_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:60]
