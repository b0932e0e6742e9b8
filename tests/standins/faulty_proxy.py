"""A proxy in front of a real MLflow server that breaks on request, and a log of all it was asked.

    proxy.fault = lambda method, path, n: "500" if "create" in path else "pass"

Modes: ``pass``; a status such as ``500``, ``401``, ``403`` (not forwarded); ``500_after`` and
``drop_after`` (forwarded, the reply is lost or the connection closed); ``hang`` (no answer);
``refuse`` (the connection is closed at once); ``slow`` (forwarded after a second); ``cut`` (half of
an upload is forwarded); ``truncate`` (half of the reply); ``rewrite`` (the reply through
``rewrite``).
"""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

SLOW_SECONDS = 1.0
Answer = tuple[int, str, bytes]
Fault = Callable[[str, str, int], str]


def all_well(_method: str, _path: str, _n: int) -> str:
    """Break nothing."""
    return "pass"


def fail_first(part: str, mode: str, method: str = "POST") -> Fault:
    """Break the first request to ``part`` only."""
    broken: list[str] = []

    def fault(verb: str, path: str, _n: int) -> str:
        if part in path and verb == method and not broken:
            broken.append(path)
            return mode
        return "pass"

    return fault


def fail_each(part: str, mode: str, method: str = "POST") -> Fault:
    """Break every request to ``part``."""
    return lambda verb, path, _n: mode if part in path and verb == method else "pass"


@dataclass(frozen=True)
class Forwarded:
    """A request that reached MLflow, and MLflow's status."""

    method: str
    path: str
    body: bytes
    status: int


class FaultyProxy:
    """The proxy; a context manager on a free port of this machine.

    Attributes:
        fault: Names what goes wrong with a request, from method, path and its number.
        requests: Every request as (method, path).
        forwarded: Every request that reached MLflow, in order.
        rewrite: What ``rewrite`` does to the body of a reply.
    """

    def __init__(self, target: str) -> None:
        self.fault: Fault = all_well
        self.requests: list[tuple[str, str]] = []
        self.forwarded: list[Forwarded] = []
        self.rewrite: Callable[[bytes], bytes] = bytes
        self.release = threading.Event()
        self._host, _, self._port = target.removeprefix("http://").partition(":")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Pass a request on to MLflow."""
        headers = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length")}
        connection = http.client.HTTPConnection(self._host, int(self._port), timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            self.forwarded.append(Forwarded(method, path, body, answer.status))
            return answer.status, answer.getheader("Content-Type", ""), answer.read()

    def count(self, part: str, method: str = "POST") -> int:
        """Count the requests to a part of MLflow's API."""
        return sum(1 for verb, path in self.requests if part in path and verb == method)

    def alias_writes(self, model: str, alias: str) -> list[str]:
        """Return the versions that an alias was set to through this proxy, in order."""
        done = [one for one in self.forwarded if one.path.endswith("/registered-models/alias")]
        bodies = [json.loads(one.body) for one in done if one.method == "POST" and one.status < 400]
        return [
            str(body["version"])
            for body in bodies
            if (body["name"], body["alias"]) == (model, alias)
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: FaultyProxy, *args: Any) -> None:
        self.proxy = proxy
        super().__init__(*args)

    def answer(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.requests.append((self.command, self.path))
        mode = proxy.fault(self.command, self.path, len(proxy.requests))
        if mode in ("hang", "refuse"):
            proxy.release.wait(60 if mode == "hang" else 0)
            self.close_connection = True
            return
        if mode.isdigit():
            self.reply(int(mode), b"no")
            return
        time.sleep(SLOW_SECONDS if mode == "slow" else 0)
        body = body[: len(body) // 2] if mode == "cut" else body
        self.pass_on(mode, proxy.forward(self.command, self.path, dict(self.headers), body))

    def pass_on(self, mode: str, answer: Answer) -> None:
        status, kind, data = answer
        if mode == "drop_after":
            self.close_connection = True
        elif mode == "500_after":
            self.reply(500, b"lost")
        elif mode == "truncate":
            self.close_connection = True
            self.reply(status, data[: len(data) // 2], kind, length=len(data))
        else:
            self.reply(status, self.proxy.rewrite(data) if mode == "rewrite" else data, kind)

    def reply(
        self, status: int, data: bytes, kind: str = "text/plain", *, length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - named by http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
        return
