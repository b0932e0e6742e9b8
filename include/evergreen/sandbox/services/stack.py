"""The whole stack on one machine: PostgreSQL or SQLite, MLflow, and Airflow's four processes.

    with Stack(home, project=project, dags=["ingest__flights"]) as stack:
        stack.api.trigger("ingest__flights")

Whatever way the block is left, nothing of the stack runs on: not after an exception, not after
SIGINT, SIGTERM or SIGHUP, and not after SIGKILL, because a guard process then stops it.
"""

import secrets as random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from evergreen.errors import ServiceError
from evergreen.sandbox.services import airflow_services as airflow
from evergreen.sandbox.services import mlflow_server as mlflow
from evergreen.sandbox.services.airflow_api import AirflowApi
from evergreen.sandbox.services.home import hold, read_secrets
from evergreen.sandbox.services.ports import listening, pick_ports
from evergreen.sandbox.services.postgres import Postgres
from evergreen.sandbox.services.processes import (
    Command,
    Service,
    run_to_end,
    signals_raise,
    wait_until_healthy,
)
from evergreen.sandbox.services.stack_config import (
    AIRFLOW_DATABASE,
    LEDGER_DATABASE,
    Database,
    StackPlan,
)
from evergreen.sandbox.services.supervisor import Crew

POOLS = {"gpu": 1}
PEOPLES_PORTS = {"airflow": airflow.PREFERRED_PORT, "mlflow": mlflow.PREFERRED_PORT, "postgres": 0}
PARSE_SECONDS = 240.0
BROKEN_PARSE_SECONDS = 40.0  # enough for every file to be parsed once more
POLL_SECONDS = 0.5


class Stack:
    """Services in one home folder, from ``with`` to its end.

    Args:
        home: Folder for all that the services write: empty, new, or that of an earlier stack.
        project: Folder with ``dags``, ``plugins`` and ``include``.
        database: Where Airflow keeps its tables.
        ledger: Where Evergreen keeps its ledger; SQLite can be read from outside by its file.
        dags: Ids of the DAGs to wait for and to unpause; all others stay paused.
        dags_folder: DAG files; None for the project's.
        models_dir: Model specs; None for the project's.
        extra_env: More variables for every service; they win over all others.
        preferred_ports: Take 8080 and 5000 where they are free, for people; else any that are free.
        parallelism: Tasks that Airflow may run at once.
        prepare: Called when the databases are up and before Airflow starts, for migrations.
        say: Called with one sentence per step.

    Attributes (from entering on):
        plan: Folders, ports and secrets.
        api: Airflow's REST API, logged in as ``username`` with ``password``.
        airflow_url: Address of Airflow's UI and API.
        environment: What the services see, for commands that shall see the same.
        ledger_url: SQLAlchemy URL of the ledger.
    """

    plan: StackPlan
    api: AirflowApi
    environment: dict[str, str]
    airflow_url: str
    ledger_url: str

    def __init__(
        self,
        home: Path,
        *,
        project: Path,
        database: Database = "postgres",
        ledger: Database = "sqlite",
        dags: Sequence[str] = (),
        dags_folder: Path | None = None,
        models_dir: Path | None = None,
        extra_env: Mapping[str, str] | None = None,
        preferred_ports: bool = False,
        parallelism: int = 4,
        prepare: "Callable[[Stack], None]" = lambda _stack: None,
        say: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.home = home.resolve()
        self.dags = tuple(dags)
        self._make_plan: Callable[[], StackPlan] = lambda: StackPlan(
            home=self.home,
            project=project.resolve(),
            dags_folder=(dags_folder or project / "dags").resolve(),
            models_dir=(models_dir or project / "include" / "models").resolve(),
            database=database,
            ledger=ledger,
            ports=pick_ports(PEOPLES_PORTS if preferred_ports else dict.fromkeys(PEOPLES_PORTS, 0)),
            secrets=read_secrets(self.home),
            token=random.token_hex(16),
            parallelism=parallelism,
            extra_env=dict(extra_env or {}),
        )
        self._prepare = prepare
        self._say = say
        self._postgres: Postgres | None = None
        self._crew: Crew | None = None
        self._open = ExitStack()

    @property
    def services(self) -> dict[str, Service]:
        """The services by name, in the order in which they were started."""
        return {} if self._crew is None else self._crew.services

    @property
    def username(self) -> str:
        """Airflow's only user."""
        return airflow.USER

    @property
    def password(self) -> str:
        """The user's password, made for this home."""
        return self.plan.secrets.admin_password

    @property
    def mlflow_url(self) -> str:
        """Address of MLflow."""
        return self.plan.mlflow_url

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every service and everything that they started; a second call does nothing."""
        with self._open.pop_all():
            if self._crew is not None:
                self._crew.stop(list(airflow.SERVICES))
                self._crew.stop_all()

    def restart(self, name: str) -> Service:
        """Start a service again that was stopped or killed, with the same command and port."""
        return self._hired.restart(name)

    def require_running(self) -> None:
        """Raise when a service has died.

        Raises:
            ServiceError: With how it ended and the tail of its log.
        """
        self._hired.require_running()

    def leftovers(self) -> list[str]:
        """Name what of a stopped stack is still there: processes and listening ports; best none."""
        if self._crew is None:
            return []
        processes = [f"process {p.pid} {p.name()}" for p in self._crew.processes()]
        return processes + [f"port {port}" for port in listening(self.plan.ports.values())]

    @property
    def _hired(self) -> Crew:
        if self._crew is None:
            raise ServiceError("the stack was not started; use it as `with Stack(...) as stack:`")
        return self._crew

    def _start(self) -> None:
        started = time.monotonic()
        self._open.enter_context(hold(self.home))
        self._open.enter_context(signals_raise())
        self.plan = self._make_plan()
        self._crew = Crew(self.plan.token)
        self._set_addresses(postgres_url="", ledger_url=f"sqlite:///{self.home / 'ledger.db'}")
        self.api = self._open.enter_context(
            AirflowApi(self.airflow_url, username=self.username, password=self.password)
        )
        if self.plan.needs_postgres:
            self._start_postgres()
        mlflow_service = self._start_mlflow()
        self._prepare(self)
        self._start_airflow()
        mlflow.wait_for_mlflow(mlflow_service, self.mlflow_url)
        self._open_dags()
        self._say(f"all services are up after {time.monotonic() - started:.0f} s")

    def _set_addresses(self, *, postgres_url: str, ledger_url: str) -> None:
        settings = self.plan.airflow(postgres_url)
        self._airflow = settings
        self.airflow_url = settings.url
        self.ledger_url = ledger_url
        self.environment = self.plan.environment(settings, ledger_url)

    def _start_postgres(self) -> None:
        self._say("starting PostgreSQL")
        postgres = Postgres(
            self.home / "postgres",
            port=self.plan.ports["postgres"],
            password=self.plan.secrets.database_password,
            environment=self.environment,
            log=self.plan.logs / "postgres.log",
        )
        self._open.callback(postgres.remove)
        self._hired.take_on(postgres.start())
        ledger_url = self.ledger_url
        if self.plan.ledger == "postgres":
            ledger_url = postgres.create_database(LEDGER_DATABASE)
        self._set_addresses(
            postgres_url=postgres.create_database(AIRFLOW_DATABASE), ledger_url=ledger_url
        )

    def _start_mlflow(self) -> Service:
        self._say(f"starting MLflow at {self.mlflow_url}")
        command = mlflow.mlflow_command(
            self.home / "mlflow",
            port=self.plan.ports["mlflow"],
            environment=self.environment,
            log=self.plan.logs / "mlflow.log",
        )
        return self._hired.start(command)

    def _start_airflow(self) -> None:
        self._say("migrating Airflow's database")
        self._airflow.write_files()
        migrate = self._airflow_command("migrate", ("db", "migrate"))
        run_to_end(migrate, timeout_seconds=airflow.MIGRATE_SECONDS)
        self._say(f"starting Airflow at {self.airflow_url}: {', '.join(airflow.SERVICES)}")
        first, *others = (
            self._hired.start(self._airflow_command(name, argv))
            for name, argv in airflow.SERVICES.items()
        )
        wait_until_healthy(
            first, self.api.is_healthy, timeout_seconds=airflow.START_SECONDS, others=others
        )

    def _airflow_command(self, name: str, argv: Sequence[str]) -> Command:
        log = self.plan.logs / f"{name}.log"
        return airflow.airflow_command(name, argv, environment=self.environment, log=log)

    def _open_dags(self) -> None:
        """Wait until the DAGs are parsed, make the pools, let the DAGs run.

        Raises:
            ServiceError: A DAG does not appear; names the import errors.
        """
        for name, slots in POOLS.items():
            self.api.make_pool(name, slots)
        started = time.monotonic()
        while missing := set(self.dags) - self.api.dag_ids():
            self.require_running()
            waited = time.monotonic() - started
            errors = self.api.import_errors()
            if waited > (BROKEN_PARSE_SECONDS if errors else PARSE_SECONDS):
                traces = "\n".join(f"{file}:\n{trace}" for file, trace in errors.items())
                raise ServiceError(
                    f"no DAG {', '.join(sorted(missing))} in {self.plan.dags_folder} after"
                    f" {waited:.0f} s; import errors: {traces or 'none'}"
                )
            time.sleep(POLL_SECONDS)
        for dag_id in self.dags:
            self.api.unpause(dag_id)
