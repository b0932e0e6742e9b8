"""The ledger's database: engine, migrations, and one place that turns its errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from evergreen.errors import LedgerError

SQLITE_BUSY_SECONDS = 30
CONNECT_SECONDS = 10  # an unreachable server is an error, not waited for
READS_ONLY = "evergreen_reads_only"
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One database by its SQLAlchemy URL: ``sqlite:///file`` or ``postgresql+psycopg2://…``.

    Raises:
        LedgerError: The URL cannot be understood.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as err:
            raise LedgerError(
                "the ledger URL cannot be understood; expected sqlite:///file.db or"
                " postgresql+psycopg2://user:password@host/database"
            ) from err
        self.name = self.url.render_as_string(hide_password=True)
        self.engine = _make_engine(str(self.url.render_as_string(hide_password=False)))

    def migrate(self) -> None:
        """Bring the tables to the newest schema; tables that have it stay unchanged."""
        from alembic import command
        from alembic.config import Config

        if self.url.get_backend_name() == "sqlite" and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._translated(), self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open one transaction: committed at the end, rolled back on any error.

        Raises:
            LedgerError: The database failed. ``IntegrityError`` passes through unchanged, because
                the caller knows what a taken key means.
        """
        with (
            self._translated(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open one transaction that only reads: on SQLite, it does not block writers.

        Raises:
            LedgerError: The database did not do it.
        """
        engine = self.engine.execution_options(**{READS_ONLY: True})
        with self._translated(), Session(engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Return all connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as err:
            cause = str(getattr(err, "orig", None) or err).splitlines()[0]
            raise LedgerError(
                f"ledger {self.name}: {cause}; is the database up, and was"
                " `evergreen ledger migrate` run?"
            ) from err


def _make_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}
        )
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, see below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        # A deferred transaction that reads, then writes, fails when another wrote between.
        is_reading = connection.get_execution_options().get(READS_ONLY, False)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine
