"""The folder of a stack: marked as ours, held by one stack at a time, and the secrets in it."""

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from evergreen.errors import ServiceError
from evergreen.sandbox.services.airflow_services import Secrets

MARKER = ".evergreen-stack"
SECRETS_FILE = "secrets.json"
# What a command writes there that was run before the first stack, such as a back-test.
WRITTEN_WITHOUT_A_STACK = {"cache", "ledger.db", "ledger.db-shm", "ledger.db-wal"}
LABEL = "A home of Evergreen's embedded services. It may be removed when nothing runs in it.\n"


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Make the folder if need be, mark it as ours, and keep every other stack out of it.

    Raises:
        ServiceError: It holds something that is not ours, or another stack runs in it.
    """
    home.mkdir(parents=True, exist_ok=True)
    _require_ours(home)
    with (home / MARKER).open("a+") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(
                f"another stack runs in {home}; stop it, or name another home"
            ) from None
        marker.seek(0)
        if not marker.read():
            marker.write(LABEL)
            marker.flush()
        yield


def clear(home: Path) -> bool:
    """Make a home, or remove what an earlier stack left in it: the next one starts from nothing.

    Returns:
        Whether there was anything.

    Raises:
        ServiceError: The folder is not ours, or a stack runs in it; nothing was removed.
    """
    with hold(home):
        entries = [entry for entry in home.iterdir() if entry.name != MARKER]
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    return bool(entries)


def read_secrets(home: Path) -> Secrets:
    """Return the secrets of this home; the first call makes them, for the owner's eyes only."""
    file = home / SECRETS_FILE
    if not file.exists():
        made = Secrets(
            admin_password=secrets.token_urlsafe(12),
            database_password=secrets.token_hex(16),
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            jwt_secret=secrets.token_hex(32),
            api_secret=secrets.token_hex(32),
        )
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(made), stream)
    return Secrets(**json.loads(file.read_text()))


def _require_ours(home: Path) -> None:
    found = {entry.name for entry in home.iterdir()}
    if MARKER not in found and not found <= WRITTEN_WITHOUT_A_STACK:
        raise ServiceError(
            f"{home} holds files, but no {MARKER}, so it is not a home of ours; name an empty or"
            " new folder"
        )
