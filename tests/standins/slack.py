"""An HTTP stand-in of the parts of Slack's Web API that we use, which can misbehave on request.

    with SlackServer() as slack:
        SlackSender("xoxb-made-up", slack.base_url).send("#alerts", alert)
        assert slack.messages[0]["text"]
        assert slack.threads[0].replies == []

It knows ``chat.postMessage``, ``chat.update`` and the three steps of a file: ``chat.update`` and
files take a channel's id only, as Slack does.

Modes: ``ok``, ``429_once`` and ``429`` (with ``retry_after``), ``500``, ``404``,
``html`` (a proxy's page), ``hang`` (no answer until the server stops), ``drop`` (does what was
asked and closes the connection), and any of Slack's error codes, such as ``invalid_auth``,
answered with ``"ok": false``.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl

from standins.slack_workspace import Message, Refusal, Thread, Workspace

STOP_CHECK_SECONDS = 0.02
UPLOAD = "upload"
METHODS = (
    "chat.postMessage",
    "chat.update",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
    UPLOAD,
)


class SlackServer:
    """The stand-in; a context manager on a free port of this machine.

    Attributes:
        mode: How the next requests are answered; may be changed at any time.
        modes: Modes of single methods, such as ``{"upload": "429"}``; they go before ``mode``.
        script: Modes for the next requests, first one first; they go before all others.
        retry_after: What ``429`` asks for, in seconds.
        requests: Every request as (path, authorization header, body).
        workspace: What was taken.
    """

    def __init__(self, mode: str = "ok", *, retry_after: float = 1, port: int = 0) -> None:
        self.mode = mode
        self.modes: dict[str, str] = {}
        self.script: list[str] = []
        self.retry_after = retry_after
        self.requests: list[tuple[str, str, Message]] = []
        self.workspace = Workspace()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_CHECK_SECONDS,), daemon=True
        )

    @property
    def base_url(self) -> str:
        """Address to give to ``SlackSender``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    @property
    def messages(self) -> list[Message]:
        """The bodies that were posted, in order, as they read at first."""
        return self.workspace.messages

    @property
    def client_msg_ids(self) -> dict[str, str]:
        """``ts`` by ``client_msg_id``: a second message with one gets it again."""
        return self.workspace.client_msg_ids

    @property
    def threads(self) -> list[Thread]:
        """Each root message with its edits, its answers and its pictures, oldest first."""
        return self.workspace.threads

    def called(self, method: str) -> list[Message]:
        """Return the bodies of all requests to one method, taken or not."""
        return [body for path, _, body in self.requests if method_of(path) == method]

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

    def next_mode(self, method: str) -> str:
        """Return the mode of the request that has come in."""
        with self._lock:
            if self.script:
                return self.script.pop(0)
            mode = self.modes.get(method, self.mode)
            if mode == "429_once":
                self._forget_once(method)
                return "429"
            return mode

    def _forget_once(self, method: str) -> None:
        if method in self.modes:
            self.modes[method] = "ok"
        else:
            self.mode = "ok"

    def note(self, path: str, authorization: str, body: Message) -> None:
        """Keep a request."""
        with self._lock:
            self.requests.append((path, authorization, body))

    def carry_out(self, path: str, body: Message) -> Message | str:
        """Do what a method does, and give its answer.

        Raises:
            Refusal: Slack would say no.
        """
        method = method_of(path)
        if method == "chat.postMessage":
            return self.workspace.post(body)
        if method == "chat.update":
            return self.workspace.edit(body)
        if method == "files.getUploadURLExternal":
            file_id = self.workspace.begin_upload(body)
            return {"file_id": file_id, "upload_url": f"{self.base_url}{UPLOAD}/{file_id}"}
        if method == "files.completeUploadExternal":
            return self.workspace.complete_upload(json.loads(body["files"]), body)
        self.workspace.take_upload(path.rsplit("/", 1)[-1], body["content"])
        return f"OK - {len(body['content'])}"

    def hang(self) -> None:
        """Wait until the server stops."""
        self._stopping.wait(timeout=60)


def method_of(path: str) -> str:
    """Return the method that a path asks for; empty when there is none."""
    name = path.removeprefix("/api/").split("/")[0]
    return name if path.startswith("/api/") and name in METHODS else ""


class _Handler(BaseHTTPRequestHandler):
    stand_in: ClassVar[SlackServer]

    def do_POST(self) -> None:
        body = self._body(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.stand_in.note(self.path, self.headers.get("Authorization") or "", body)
        mode = self.stand_in.next_mode(method_of(self.path))
        if mode == "hang":
            self.stand_in.hang()
        elif mode == "drop":
            self.stand_in.carry_out(self.path, body)
        else:
            self._answer(*self._reply(mode, body))

    def _body(self, raw: bytes) -> Message:
        if method_of(self.path) == UPLOAD:
            return {"content": raw}
        if (self.headers.get("Content-Type") or "").startswith("application/json"):
            return dict(json.loads(raw or b"{}"))
        return dict(parse_qsl(raw.decode()))

    def _reply(self, mode: str, body: Message) -> tuple[int, Message | str]:
        failures: dict[str, tuple[int, Message | str]] = {
            "429": (429, {"ok": False, "error": "ratelimited"}),
            "500": (500, {"ok": False, "error": "internal_error"}),
            "html": (200, "<html>please log in</html>"),
        }
        if mode in failures:
            return failures[mode]
        if mode == "404" or not method_of(self.path):
            return 404, "no such page"
        if mode != "ok":
            return 200, {"ok": False, "error": mode}
        try:
            answer = self.stand_in.carry_out(self.path, body)
        except Refusal as err:
            return 200, {"ok": False, "error": str(err)}
        return 200, answer if isinstance(answer, str) else {"ok": True, **answer}

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
