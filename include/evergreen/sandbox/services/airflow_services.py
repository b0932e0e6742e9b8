"""Airflow as four processes that are configured by their environment alone."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evergreen.sandbox.services import preload
from evergreen.sandbox.services.ports import LOOPBACK
from evergreen.sandbox.services.processes import Command

PREFERRED_PORT = 8080
MIGRATE_SECONDS = 300.0
START_SECONDS = 300.0
USER = "admin"
SERVICES: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # Logs are read from the disk they share; the log servers would listen on every address.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


@dataclass(frozen=True)
class Secrets:
    """What the processes of one installation share and nobody else may know.

    Attributes:
        admin_password: Of the user ``admin``.
        database_password: Of PostgreSQL's superuser.
        fernet_key: Encrypts connections in Airflow's database.
        jwt_secret: Signs the tokens of the API.
        api_secret: Signs the session cookies.
    """

    admin_password: str = field(repr=False)
    database_password: str = field(repr=False)
    fernet_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    api_secret: str = field(repr=False)


@dataclass(frozen=True)
class AirflowSettings:
    """One Airflow installation.

    Attributes:
        home: AIRFLOW_HOME.
        dags_folder: Folder of the DAG files.
        plugins_folder: Folder of the plugins; None for none.
        database_url: SQLAlchemy URL of Airflow's own database.
        port: Of the API server, on 127.0.0.1.
        secrets: Passwords and keys.
        parallelism: Tasks that may run at once.
    """

    home: Path
    dags_folder: Path
    plugins_folder: Path | None
    database_url: str = field(repr=False)
    port: int
    secrets: Secrets
    parallelism: int = 4

    @property
    def url(self) -> str:
        """Address of the UI and of the API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def passwords_file(self) -> Path:
        """File from which the API server takes the password."""
        return self.home / "passwords.json"

    def environment(self) -> dict[str, str]:
        """Return the variables that make this installation."""
        plugins = self.plugins_folder or self.home / "plugins"
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags_folder),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(self.parallelism),
            "AIRFLOW__CORE__FERNET_KEY": self.secrets.fernet_key,
            "AIRFLOW__CORE__AUTH_MANAGER": SIMPLE_AUTH_MANAGER,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords_file),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database_url,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self.secrets.api_secret,
            "AIRFLOW__API_AUTH__JWT_SECRET": self.secrets.jwt_secret,
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **TUNING,
        }

    def write_files(self) -> None:
        """Write what Airflow reads from disk: its user's password, and what to import at its start.

        Only the owner of the files may read the password.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.passwords_file.touch(mode=0o600)
        self.passwords_file.write_text(json.dumps({USER: self.secrets.admin_password}))
        local_settings = self.home / preload.SETTINGS_FILE
        local_settings.parent.mkdir(exist_ok=True)
        local_settings.write_text(preload.SETTINGS)


SIMPLE_AUTH_MANAGER = (
    "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
)
# For two cores and somebody who watches: shorter pauses between tasks, rarer parsing of DAG files.
TUNING = {
    # The supervisor of Airflow 3.3 may miss the end of its task and sleep one such interval (5 s
    # unless told): that time is lost, and a sensor whose trigger fires meanwhile is failed with
    # "finished with state success, but the task instance's state attribute is queued".
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
}


def airflow_command(
    name: str, argv: Sequence[str], *, environment: Mapping[str, str], log: Path
) -> Command:
    """Return the command of one Airflow process, run by the Python that runs us."""
    return Command(
        name=name,
        argv=(sys.executable, "-m", "airflow", *argv),
        environment=environment,
        log=log,
    )
