import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen.sandbox.services.airflow_services import Secrets
from evergreen.sandbox.services.environment import clean_environment
from evergreen.sandbox.services.mlflow_server import mlflow_command
from evergreen.sandbox.services.stack_config import Database, StackPlan

POSTGRES_URL = "postgresql+psycopg2://evergreen:pw@127.0.0.1:5432/airflow"


def make_plan(
    tmp_path: Path, *, database: Database = "postgres", extra_env: dict[str, str] | None = None
) -> StackPlan:
    return StackPlan(
        home=tmp_path / "home",
        project=tmp_path / "project",
        dags_folder=tmp_path / "project" / "dags",
        models_dir=tmp_path / "project" / "include" / "models",
        database=database,
        ledger="sqlite",
        ports={"airflow": 8081, "mlflow": 5001, "postgres": 5433},
        secrets=Secrets("admin-pw", "db-pw", "fernet", "jwt", "api"),
        token="the-token",
        parallelism=3,
        extra_env=extra_env or {},
    )


def environment_of(plan: StackPlan) -> dict[str, str]:
    return plan.environment(plan.airflow(POSTGRES_URL), "sqlite:///ledger.db")


def test_airflow_is_configured_by_its_environment(tmp_path: Path) -> None:
    found = environment_of(make_plan(tmp_path))

    assert found["AIRFLOW_HOME"] == str(tmp_path / "home" / "airflow")
    assert found["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "project" / "dags")
    assert found["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert found["AIRFLOW__CORE__PARALLELISM"] == "3"
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert found["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5001"
    assert found["EVERGREEN_AIRFLOW_URL"] == "http://127.0.0.1:8081"
    assert found["EVERGREEN_LEDGER_URL"] == "sqlite:///ledger.db"
    assert found["EVERGREEN_STACK"] == "the-token"


@pytest.mark.parametrize(
    ("database", "beginning"),
    [pytest.param("postgres", POSTGRES_URL, id="postgres"), ("sqlite", "sqlite:////")],
)
def test_airflow_s_tables_lie_where_the_plan_says(
    tmp_path: Path, database: Database, beginning: str
) -> None:
    found = environment_of(make_plan(tmp_path, database=database))

    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith(beginning)


def test_extra_variables_win(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, extra_env={"EVERGREEN_STORE_URI": "s3://b", "AIRFLOW_HOME": "/x"})

    found = environment_of(plan)

    assert found["EVERGREEN_STORE_URI"] == "s3://b"
    assert found["AIRFLOW_HOME"] == "/x"


def test_the_caller_s_installations_do_not_leak_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW__CORE__EXECUTOR", "AIRFLOW_CONN_X", "EVERGREEN_HOME", "MLFLOW_TOKEN"):
        monkeypatch.setenv(name, "of the caller")
    monkeypatch.setenv("LANG", "C.UTF-8")

    found = clean_environment("the-token")

    assert "of the caller" not in found.values()
    assert found["LANG"] == "C.UTF-8"


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "intranet,localhost")

    found = clean_environment("the-token")

    assert found["no_proxy"] == "intranet,localhost,127.0.0.1"


def test_the_password_is_in_a_file_for_the_owner_only(tmp_path: Path) -> None:
    settings = make_plan(tmp_path).airflow(POSTGRES_URL)

    settings.write_files()

    assert json.loads(settings.passwords_file.read_text()) == {"admin": "admin-pw"}
    assert stat.S_IMODE(settings.passwords_file.stat().st_mode) == 0o600


def test_nothing_secret_is_in_a_repr(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    text = repr(plan) + repr(plan.airflow(POSTGRES_URL))

    assert "pw" not in text
    assert "jwt'" not in text


def test_mlflow_answers_this_machine_only(tmp_path: Path) -> None:
    command = mlflow_command(
        tmp_path / "mlflow", port=5001, environment={}, log=tmp_path / "mlflow.log"
    )

    given = dict(zip(command.argv, command.argv[1:], strict=False))

    assert given["--host"] == "127.0.0.1"
    assert given["--allowed-hosts"] == "127.0.0.1:5001,localhost:5001"
    assert given["--backend-store-uri"].startswith("sqlite:////")
    assert "--serve-artifacts" in command.argv


def test_the_scheduler_imports_what_tasks_import_and_no_other_process_does(tmp_path: Path) -> None:
    settings = make_plan(tmp_path).airflow(POSTGRES_URL)
    settings.write_files()
    folder = settings.home / "config"

    for arguments, is_there in (("scheduler", "True"), ("api-server", "False")):
        code = "import sys, airflow_local_settings; print('mlflow.tracking' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code, arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == is_there
