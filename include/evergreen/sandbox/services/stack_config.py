"""What a stack is made of, before anything runs: folders, ports, secrets, addresses, variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evergreen.sandbox.services.airflow_services import AirflowSettings, Secrets
from evergreen.sandbox.services.environment import clean_environment
from evergreen.sandbox.services.mlflow_server import mlflow_url

Database = Literal["postgres", "sqlite"]
AIRFLOW_DATABASE = "airflow"
LEDGER_DATABASE = "evergreen"


@dataclass(frozen=True)
class StackPlan:
    """One stack.

    Attributes:
        home: Folder for all that the services write.
        project: Folder with ``dags``, ``plugins`` and ``include``.
        dags_folder: DAG files.
        models_dir: Model specs.
        database: Where Airflow keeps its tables.
        ledger: Where Evergreen keeps its ledger.
        ports: Port of ``airflow``, ``mlflow`` and ``postgres``.
        secrets: Passwords and keys of this home.
        token: Marks every process of the stack.
        parallelism: Tasks that Airflow may run at once.
        extra_env: Variables that win over all others.
    """

    home: Path
    project: Path
    dags_folder: Path
    models_dir: Path
    database: Database
    ledger: Database
    ports: Mapping[str, int]
    secrets: Secrets
    token: str
    parallelism: int
    extra_env: Mapping[str, str] = field(repr=False)

    @property
    def needs_postgres(self) -> bool:
        """Whether anything lies in PostgreSQL."""
        return "postgres" in (self.database, self.ledger)

    @property
    def logs(self) -> Path:
        """Folder with one log file per service."""
        return self.home / "logs"

    @property
    def mlflow_url(self) -> str:
        """Address of MLflow."""
        return mlflow_url(self.ports["mlflow"])

    def airflow(self, postgres_url: str) -> AirflowSettings:
        """Return Airflow's settings; ``postgres_url`` is used where its tables lie there."""
        folder = self.home / "airflow"
        in_postgres = self.database == "postgres"
        return AirflowSettings(
            home=folder,
            dags_folder=self.dags_folder,
            plugins_folder=self.project / "plugins",
            database_url=postgres_url if in_postgres else f"sqlite:///{folder / 'airflow.db'}",
            port=self.ports["airflow"],
            secrets=self.secrets,
            parallelism=self.parallelism,
        )

    def environment(self, airflow: AirflowSettings, ledger_url: str) -> dict[str, str]:
        """Return the environment that all services, and commands beside them, run in."""
        return {
            **clean_environment(self.token),
            **airflow.environment(),
            "EVERGREEN_PROJECT": str(self.project),
            "EVERGREEN_HOME": str(self.home),
            "EVERGREEN_MODELS_DIR": str(self.models_dir),
            "EVERGREEN_LEDGER_URL": ledger_url,
            "EVERGREEN_AIRFLOW_URL": airflow.url,
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            **self.extra_env,
        }
