"""The script that PostgreSQL's image runs once makes one closed database for each service."""

import os
import subprocess
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from drivers.postgres_server import running_postgres

ADMIN, PASSWORD = "postgres", "made-up"


def make_admin(url: str) -> None:
    """Return the cluster the superuser that the image has, and free the name ``evergreen``."""
    address = make_url(url)
    login = {"host": address.host, "port": address.port, "dbname": "postgres"}
    with psycopg2.connect(**login, user=address.username, password=address.password) as first:
        first.cursor().execute(f"CREATE ROLE {ADMIN} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    first.close()
    with psycopg2.connect(**login, user=ADMIN, password=PASSWORD) as second:
        second.cursor().execute(f"ALTER ROLE {address.username} RENAME TO bootstrap")
    second.close()


@pytest.mark.integration
def test_each_service_gets_a_database_that_is_closed_to_others(
    project: Path, tmp_path: Path
) -> None:
    with running_postgres(tmp_path) as server:
        make_admin(server.create_database("scratch"))
        subprocess.run(
            [project / "deploy" / "postgres" / "create-databases.sh"],
            env={
                **os.environ,
                "PATH": f"{server.programs / 'bin'}:{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(server.port),
                "PGPASSWORD": PASSWORD,
                "POSTGRES_USER": ADMIN,
                "POSTGRES_DB": "postgres",
                "AIRFLOW_DB_PASSWORD": "one",
                "EVERGREEN_DB_PASSWORD": "it's two",
                "MLFLOW_DB_PASSWORD": "three",
            },
            check=True,
        )

        with psycopg2.connect(
            host="127.0.0.1", port=server.port, user=ADMIN, password=PASSWORD, dbname="postgres"
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT r.rolname, d.datname FROM pg_roles r, pg_database d"
                " WHERE r.rolname IN ('airflow', 'evergreen', 'mlflow')"
                " AND d.datname IN ('airflow', 'evergreen', 'mlflow')"
                " AND has_database_privilege(r.rolname, d.datname, 'CONNECT') ORDER BY 1, 2"
            )
            allowed = cursor.fetchall()
        connection.close()

    assert allowed == [("airflow", "airflow"), ("evergreen", "evergreen"), ("mlflow", "mlflow")]
