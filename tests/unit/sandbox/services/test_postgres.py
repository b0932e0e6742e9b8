import os
from pathlib import Path

import psycopg2
import pytest

from evergreen.sandbox.services import postgres as module
from evergreen.sandbox.services.ports import LOOPBACK, listening, pick_ports
from evergreen.sandbox.services.postgres import Postgres

pytestmark = pytest.mark.integration


def make_postgres(folder: Path) -> Postgres:
    return Postgres(
        folder / "postgres",
        port=pick_ports({"postgres": 0})["postgres"],
        password="the-password",
        environment={"PATH": os.environ["PATH"]},
        log=folder / "postgres.log",
    )


def connect(postgres: Postgres, database: str, password: str) -> "psycopg2.extensions.connection":
    return psycopg2.connect(
        host=LOOPBACK, port=postgres.port, user="evergreen", password=password, dbname=database
    )


def write_one_row(postgres: Postgres) -> None:
    connection = connect(postgres, "some", "the-password")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE facts (fact text); INSERT INTO facts VALUES ('here')")
    connection.close()


def read_one_row(postgres: Postgres) -> str:
    connection = connect(postgres, "some", "the-password")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT fact FROM facts")
        ((fact,),) = cursor.fetchall()
    connection.close()
    return str(fact)


def test_data_survives_a_crash_and_a_second_start(tmp_path: Path) -> None:
    postgres = make_postgres(tmp_path)
    service = postgres.start()
    postgres.create_database("some")
    write_one_row(postgres)
    service.kill()

    service = postgres.start()
    url = postgres.create_database("some")
    try:
        assert read_one_row(postgres) == "here"
        assert url.endswith(f":{postgres.port}/some")
    finally:
        service.stop(grace_seconds=60)

    assert listening([postgres.port]) == []
    assert service.processes() == []


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    postgres = make_postgres(tmp_path)
    service = postgres.start()
    try:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            connect(postgres, "postgres", "wrong")
    finally:
        service.kill()


def test_the_rest_of_a_making_or_removal_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    postgres = make_postgres(tmp_path)
    for name in (postgres.folder.name, f"{postgres.folder.name}.unfinished"):
        rest = postgres.folder.with_name(name) / "base"
        rest.mkdir(parents=True)
        (rest / "1").touch()

    service = postgres.start()
    service.stop(grace_seconds=60)

    assert (postgres.folder / "PG_VERSION").exists()
    assert not postgres.folder.with_name(f"{postgres.folder.name}.unfinished").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_root_finds_a_place_when_its_home_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(module, "_is_searchable", lambda _folder: False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")  # noqa: S108 - for all to enter
    postgres = make_postgres(tmp_path)

    service = postgres.start()
    service.stop(grace_seconds=60)

    assert not postgres.folder.is_relative_to(tmp_path)
    postgres.remove()
    assert not postgres.folder.parent.exists()
