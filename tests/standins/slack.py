"""An HTTP stand-in of Slack's ``chat.postMessage`` that can misbehave on request.

    with SlackServer() as slack:
        SlackSender("xoxb-made-up", slack.base_url).send("#alerts", alert)
        assert slack.messages[0]["text"]

Modes: ``ok``, ``429_once`` and ``429`` (with ``retry_after``), ``500``, ``404``,
``html`` (a proxy's page), ``hang`` (no answer until the server stops), ``drop`` (takes the message
and closes the connection), and any of Slack's error codes, such as ``invalid_auth``, answered with
``"ok": false``.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

Message = dict[str, Any]


class SlackServer:
    """The stand-in; a context manager on a free port of this machine.

    Attributes:
        mode: How the next requests are answered; may be changed at any time.
        script: Modes for the next requests, first one first; they go before ``mode``.
        retry_after: What ``429`` asks for, in seconds.
        requests: Every request as (path, authorization header, body).
        messages: The bodies that were taken, in order.
        client_msg_ids: ``ts`` by ``client_msg_id``: a second message with one gets it again.
    """

    def __init__(self, mode: str = "ok", *, retry_after: float = 1, port: int = 0) -> None:
        self.mode = mode
        self.script: list[str] = []
        self.retry_after = retry_after
        self.requests: list[tuple[str, str, Message]] = []
        self.messages: list[Message] = []
        self.client_msg_ids: dict[str, str] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        """Address to give to ``SlackSender``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def next_mode(self) -> str:
        """Give the mode of the request that has come in."""
        with self._lock:
            if self.script:
                return self.script.pop(0)
            if self.mode == "429_once":
                self.mode = "ok"
                return "429"
            return self.mode

    def note(self, path: str, authorization: str, body: Message) -> None:
        """Keep a request."""
        with self._lock:
            self.requests.append((path, authorization, body))

    def take(self, body: Message) -> str:
        """Keep a message and give its ``ts``."""
        with self._lock:
            known = self.client_msg_ids.get(body.get("client_msg_id", ""))
            if known:
                return known
            self.messages.append(body)
            ts = f"1700000000.{len(self.messages):06d}"
            if "client_msg_id" in body:
                self.client_msg_ids[body["client_msg_id"]] = ts
            return ts

    def hang(self) -> None:
        """Wait until the server stops."""
        self._stopping.wait(timeout=60)


class _Handler(BaseHTTPRequestHandler):
    stand_in: ClassVar[SlackServer]

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body: Message = json.loads(raw or b"{}")
        self.stand_in.note(self.path, self.headers.get("Authorization") or "", body)
        mode = self.stand_in.next_mode()
        if mode == "hang":
            self.stand_in.hang()
        elif mode == "drop":
            self.stand_in.take(body)
        else:
            self._answer(*self._reply(mode, body))

    def _reply(self, mode: str, body: Message) -> tuple[int, Message | str]:
        if mode == "429":
            return 429, {"ok": False, "error": "ratelimited"}
        if mode == "500":
            return 500, {"ok": False, "error": "internal_error"}
        if mode == "404" or not self.path.endswith("/chat.postMessage"):
            return 404, "no such page"
        if mode == "html":
            return 200, "<html>please log in</html>"
        if mode != "ok":
            return 200, {"ok": False, "error": mode}
        return 200, {"ok": True, "ts": self.stand_in.take(body), "channel": body.get("channel")}

    def _answer(self, status: int, body: Message | str) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", "text/html" if isinstance(body, str) else "application/json"
        )
        self.send_header("Content-Length", str(len(raw)))
        if status == 429:
            self.send_header("Retry-After", f"{self.stand_in.retry_after:g}")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the tests read ``requests``."""


def _handler_of(server: SlackServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"stand_in": server})
