"""What a Slack workspace keeps: messages by channel, their edits, their threads and their files."""

import threading
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


class Refusal(Exception):  # noqa: N818  # Slack's own word for it is in its text
    """An answer with ``"ok": false``; its text is Slack's error code."""


@dataclass
class File:
    """A file that was put into a thread."""

    content: bytes
    filename: str
    alt: str
    title: str = ""
    thread_ts: str = ""


@dataclass
class Thread:
    """A message of its own, how it read over time, and what was answered to it.

    Attributes:
        channel: Channel id.
        ts: Slack's name of the root message.
        versions: Bodies of the root message, as posted first, then each edit.
        replies: Bodies of the answers as they read now.
        files: Pictures in the thread.
    """

    channel: str
    ts: str
    versions: list[Message]
    replies: list[Message] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    @property
    def root(self) -> Message:
        """The root message as it reads now."""
        return self.versions[-1]

    @property
    def n_edits(self) -> int:
        """How often the root message was written anew."""
        return len(self.versions) - 1


class Workspace:
    """The state behind the stand-in; safe to use from several threads.

    Attributes:
        messages: Bodies that were posted, in order, never edited here.
        client_msg_ids: ``ts`` by ``client_msg_id``: a second message with one gets it again.
        threads: Threads in the order of their first message.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.client_msg_ids: dict[str, str] = {}
        self.threads: list[Thread] = []
        self._ids: dict[str, str] = {}
        self._uploads: dict[str, File] = {}
        self._lock = threading.RLock()

    def channel_id(self, channel: str) -> str:
        """Return the id of a channel that was named by name or id."""
        if not channel.startswith("#"):
            return channel
        with self._lock:
            return self._ids.setdefault(channel, f"C{len(self._ids) + 1:08d}")

    def post(self, body: Message) -> Message:
        """Keep a message and give the answer of ``chat.postMessage``."""
        with self._lock:
            channel = self.channel_id(str(body.get("channel")))
            ts = self.client_msg_ids.get(body.get("client_msg_id", ""))
            if ts is None:
                self.messages.append(body)
                ts = f"1700000000.{len(self.messages):06d}"
                self._place(channel, ts, body)
            if "client_msg_id" in body:
                self.client_msg_ids[body["client_msg_id"]] = ts
            return {"ts": ts, "channel": channel}

    def edit(self, body: Message) -> Message:
        """Write a message anew; like Slack, only by the channel's id."""
        with self._lock:
            self._require_id(body.get("channel"))
            thread = self.thread(str(body.get("ts")), str(body["channel"]))
            if thread is None:
                raise Refusal("message_not_found")
            thread.versions.append({**thread.root, **body})
            return {"ts": thread.ts, "channel": thread.channel}

    def thread(self, ts: str, channel: str | None = None) -> Thread | None:
        """Return the thread of a root message; None when there is none."""
        found = [t for t in self.threads if t.ts == ts and channel in (None, t.channel)]
        return found[0] if found else None

    def begin_upload(self, body: Message) -> str:
        """Note a file that is to come, and give its id."""
        with self._lock:
            file_id = f"F{len(self._uploads) + 1:08d}"
            name, alt = str(body.get("filename")), str(body.get("alt_txt") or "")
            self._uploads[file_id] = File(b"", name, alt)
            return file_id

    def take_upload(self, file_id: str, content: bytes) -> None:
        """Keep the content of a file."""
        self._uploads[file_id].content = content

    def complete_upload(self, files: list[Message], body: Message) -> Message:
        """Put files into a thread; like Slack, only by the channel's id."""
        with self._lock:
            self._require_id(body.get("channel_id"))
            thread = self.thread(str(body.get("thread_ts")), str(body["channel_id"]))
            if thread is None:
                raise Refusal("thread_not_found")
            for entry in files:
                file = self._uploads[entry["id"]]
                file.title, file.thread_ts = str(entry.get("title") or ""), thread.ts
                thread.files.append(file)
            return {"files": [{"id": entry["id"]} for entry in files]}

    def _require_id(self, channel: Any) -> None:
        if not str(channel or "").startswith("C"):
            raise Refusal("channel_not_found")

    def _place(self, channel: str, ts: str, body: Message) -> None:
        parent = self.thread(str(body.get("thread_ts") or ""), channel)
        if parent is None:
            self.threads.append(Thread(channel, ts, [body]))
        else:
            parent.replies.append(body)
