"""New ledgers, copied from one that was migrated: migrations take longer than most tests."""

import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import make_url

from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.postgres import Postgres

TEMPLATE = "evergreen_template"


def make_template(folder: Path) -> Path:
    """Return the file of a migrated, empty ledger on SQLite."""
    file = folder / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        ledger.migrate()
    return file


def copy_of(template: Path, url: str) -> Ledger:
    """Return a ledger on a SQLite file that is not there yet, with the tables of the template."""
    file = Path(str(make_url(url).database))
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, file)
    return Ledger(url)


def make_database_template(server: Postgres) -> str:
    """Return the URL of a migrated, empty ledger on a server, to be copied."""
    url = server.create_database(TEMPLATE)
    with Ledger(url) as ledger:
        ledger.migrate()
    return url


def copy_database(template: str, name: str) -> str:
    """Make a database from the template beside it; give its SQLAlchemy URL."""
    url = make_url(template)
    beside = url.set(drivername="postgresql", database="postgres")
    with closing(psycopg2.connect(beside.render_as_string(hide_password=False))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
    return url.set(database=name).render_as_string(hide_password=False)
