"""The Compose file names only what exists, holds no secret, and is open to this machine only."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>:[?-][^}]*)?\}")
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|FERNET")
AIRFLOW_SERVICES = (
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker-cpu",
    "airflow-worker-gpu",
)


def text_of(project: Path) -> str:
    lines = (project / "docker-compose.yaml").read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def words_of(service: dict[str, Any]) -> list[str]:
    return [str(word) for word in service.get("command", [])]


def init_lines(compose: dict[str, Any]) -> list[str]:
    script: str = compose["services"]["airflow-init"]["command"][0]
    return script.replace("\\\n", " ").splitlines()


def test_compose_follows_the_compose_specification(project: Path) -> None:
    check = subprocess.run(
        [
            Path(sys.executable).with_name("check-jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", project / "docker-compose.yaml"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_compose_has_every_service(compose: dict[str, Any]) -> None:
    services = set(compose["services"])
    watching = {
        n for n, s in compose["services"].items() if "observability" in s.get("profiles", [])
    }

    assert watching == {"metrics-login", "statsd-exporter", "prometheus", "grafana"}
    assert services - watching == {
        *AIRFLOW_SERVICES,
        *("airflow-init", "mlflow", "postgres", "redis", "s3"),
    }


def test_prometheus_scrapes_services_that_are_there(project: Path, compose: dict[str, Any]) -> None:
    config = yaml.safe_load((project / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = [
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    sent_to = compose["x-airflow-environment"]["AIRFLOW__METRICS__STATSD_HOST"]

    assert {target.partition(":")[0] for target in targets} <= set(compose["services"])
    assert sent_to in compose["services"]


def test_the_token_is_written_where_prometheus_reads_it(
    project: Path, compose: dict[str, Any]
) -> None:
    config = yaml.safe_load((project / "deploy" / "prometheus" / "prometheus.yml").read_text())
    [read] = [job["authorization"] for job in config["scrape_configs"] if "authorization" in job]
    folder, _, _ = read["credentials_file"].rpartition("/")

    assert compose["services"]["metrics-login"]["entrypoint"][-1] == read["credentials_file"]
    assert f"metrics-token:{folder}" in compose["services"]["metrics-login"]["volumes"]
    assert f"metrics-token:{folder}:ro" in compose["services"]["prometheus"]["volumes"]


def test_every_lasting_service_is_checked_for_health(compose: dict[str, Any]) -> None:
    unchecked = {n for n, service in compose["services"].items() if "healthcheck" not in service}

    assert unchecked == {"airflow-init"}


def test_every_port_is_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [p for service in compose["services"].values() for p in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_variable_is_explained_in_the_example(
    project: Path, env_example: dict[str, str]
) -> None:
    used = {match["name"] for match in VARIABLE.finditer(text_of(project))}

    read_by_compose_itself = {"COMPOSE_PROFILES"}
    assert used | read_by_compose_itself == set(env_example)


def test_every_default_is_the_one_of_the_example(
    project: Path, env_example: dict[str, str]
) -> None:
    defaults = {
        match["name"]: match["rest"][2:]
        for match in VARIABLE.finditer(text_of(project))
        if (match["rest"] or "").startswith(":-")
    }

    # Without .env the worker's queues are those of a machine with a GPU.
    assert defaults.pop("CPU_WORKER_QUEUES") == "default"
    assert defaults == {name: env_example[name] for name in defaults}


def test_every_secret_is_required_and_none_is_given(
    project: Path, env_example: dict[str, str]
) -> None:
    secrets = {name for name in env_example if SECRET.search(name)}
    uses = [m for m in VARIABLE.finditer(text_of(project)) if m["name"] in secrets]

    assert all((match["rest"] or "").startswith(":?") for match in uses)
    assert {env_example[name] for name in secrets} == {""}


def test_every_secret_looking_setting_comes_from_a_variable(compose: dict[str, Any]) -> None:
    literal = [
        (name, key)
        for name, service in compose["services"].items()
        for key, value in service.get("environment", {}).items()
        if SECRET.search(key) and not VARIABLE.search(value)
    ]

    assert literal == []


def test_every_airflow_option_exists_in_airflow(compose: dict[str, Any]) -> None:
    from airflow.configuration import conf

    known = {
        f"AIRFLOW__{section.upper()}__{option.upper()}"
        for section, content in conf.configuration_description.items()
        for option in content["options"]
    }
    used = {
        key
        for service in compose["services"].values()
        for key in service.get("environment", {})
        if key.startswith("AIRFLOW__")
    }

    assert used
    assert used <= known


def test_every_evergreen_variable_is_read(
    compose: dict[str, Any], settings_variables: set[str]
) -> None:
    environment = compose["services"]["airflow-worker-cpu"]["environment"]
    used = {key for key in environment if key.startswith("EVERGREEN_")}

    assert used <= settings_variables
    # What more than one machine needs must not fall back to a local file.
    assert {"EVERGREEN_STORE_URI", "EVERGREEN_LEDGER_URL"} <= used
    assert "MLFLOW_TRACKING_URI" in environment


def test_every_mlflow_variable_is_known_to_mlflow(compose: dict[str, Any]) -> None:
    spec = importlib.util.find_spec("mlflow")
    assert spec is not None
    assert spec.origin is not None
    files = ("environment_variables.py", "cli/__init__.py", "utils/cli_args.py")
    known = "\n".join((Path(spec.origin).parent / name).read_text() for name in files)
    used = {
        key
        for service in compose["services"].values()
        for key in service.get("environment", {})
        if key.startswith("MLFLOW_") and key != "MLFLOW_DB_PASSWORD"
    }

    assert used
    assert {key for key in used if f'"{key}"' not in known} == set()


def test_every_mounted_file_exists(project: Path, compose: dict[str, Any]) -> None:
    mounts = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]

    assert mounts
    assert [mount for mount in mounts if not (project / mount).is_file()] == []


def test_every_airflow_command_exists(compose: dict[str, Any]) -> None:
    from airflow.cli.cli_parser import get_parser

    commands = [words_of(compose["services"][name]) for name in AIRFLOW_SERVICES]
    commands += [line.split() for line in init_lines(compose) if line.startswith("airflow ")]
    parser = get_parser()

    assert len(commands) == len(AIRFLOW_SERVICES) + 4
    for words in commands:
        n_words = 3 if words[1] in ("db", "pools", "users", "celery") else 2
        with pytest.raises(SystemExit) as end:
            parser.parse_args([*words[1:n_words], "--help"])
        assert end.value.code == 0, words


def test_every_evergreen_command_exists(
    compose: dict[str, Any], evergreen_commands: dict[str, set[str]]
) -> None:
    used = {
        line.removeprefix("evergreen ")
        for line in init_lines(compose)
        if line.startswith("evergreen ")
    }

    assert used == {"ledger migrate"}
    assert used <= evergreen_commands.keys()


def test_every_module_exists(project: Path) -> None:
    modules = set(re.findall(r"\bairflow\.providers\.[\w.]+", text_of(project)))

    assert modules
    for name in modules:
        module, _, attribute = name.rpartition(".")
        found = importlib.import_module(module)
        assert hasattr(found, attribute), name


def test_workers_take_the_queues_and_pools_that_specs_name(compose: dict[str, Any]) -> None:
    from evergreen.spec.model import Training

    cpu, gpu = (words_of(compose["services"][f"airflow-worker-{kind}"]) for kind in ("cpu", "gpu"))
    pools = re.findall(r"airflow pools set (\w+)", "\n".join(init_lines(compose)))

    assert gpu[gpu.index("--queues") + 1] == Training().queue
    assert cpu[cpu.index("--queues") + 1] == "${CPU_WORKER_QUEUES:-default}"
    assert pools == [Training().pool]


def test_the_gpu_worker_alone_reserves_a_gpu(compose: dict[str, Any]) -> None:
    reserving = [
        name
        for name, service in compose["services"].items()
        for device in service.get("deploy", {})
        .get("resources", {})
        .get("reservations", {})
        .get("devices", [])
        if "gpu" in device["capabilities"]
    ]

    assert reserving == ["airflow-worker-gpu"]


def test_mlflow_answers_named_hosts_with_a_login_only(
    project: Path, compose: dict[str, Any]
) -> None:
    environment = compose["services"]["mlflow"]["environment"]
    script = (project / "deploy" / "mlflow.sh").read_text()

    assert "*" not in environment["MLFLOW_SERVER_ALLOWED_HOSTS"].split(":-")[1].split(",")
    assert "--app-name basic-auth" in script
    assert "NO_PERMISSIONS" in script
