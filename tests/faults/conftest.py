"""Real servers, one world per test, and the table at the end."""

import json
import uuid
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from drivers.history import fit_model
from drivers.ledgers import copy_database
from drivers.tiny import Upstream, write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext
from faults.table import Table
from faults.world import World
from standins.faulty_proxy import FaultyProxy
from standins.slack import SlackServer

TABLE = pytest.StashKey[Table]()
# A machine that is busy with other tests must not decide about a promotion.
NO_CLOCK = "promotion: {guards: {max_latency_ratio: null}}\n"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table after the tests."""
    lines = config.stash[TABLE].lines()
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    return pytestconfig.stash[TABLE]


@pytest.fixture
def case(request: pytest.FixtureRequest) -> str:
    """The row of the catalogue that a test shows, with its variant."""
    row = request.node.get_closest_marker("row")
    assert row is not None, "a test of faults names its row"
    callspec = getattr(request.node, "callspec", None)
    return f"{row.args[0]} {callspec.id}" if callspec else str(row.args[0])


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the small spec, fitted once."""
    return fit_model(tmp_path_factory.mktemp("fitted"))


@pytest.fixture
def ledger_url(database_template: str) -> str:
    return copy_database(database_template, f"faults_{uuid.uuid4().hex}")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as opened:
        yield opened


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def proxy(mlflow_uri: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(mlflow_uri) as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"f_{sha256(request.node.nodeid.encode()).hexdigest()[:10]}"


@pytest.fixture
def environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    ledger_url: str,
    slack: SlackServer,
) -> dict[str, str]:
    """What the settings are read from, in this process too."""
    folder = write_spec(tmp_path / "models", name=name, slack="slack_default")
    with (folder / "model.yaml").open("a") as spec:
        spec.write(NO_CLOCK)
    variables = {
        "EVERGREEN_HOME": str(tmp_path / "home"),
        "EVERGREEN_MODELS_DIR": str(tmp_path / "models"),
        "EVERGREEN_GIT_COMMIT": "0123abc",
        "EVERGREEN_LEDGER_URL": ledger_url,
        "EVERGREEN_STORE_URI": f"file://{tmp_path}/home/store",
        "AIRFLOW_CONN_SLACK_DEFAULT": slack_connection(slack),
    }
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    return variables


@pytest.fixture
def mlflow_artifacts(mlflow_home: Path) -> Path:
    """Where the server keeps its files: what somebody with rights to the store could write to."""
    return mlflow_home / "artifacts"


@pytest.fixture
def world(request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path) -> World:
    """The world of one test; its own context reaches MLflow beside the proxy."""
    part = request.getfixturevalue
    request.getfixturevalue("monkeypatch").setenv("MLFLOW_TRACKING_URI", part("mlflow_uri"))
    settings = read_settings()
    loaded = load_spec(settings.models_dir / part("name"), home=settings.home)
    proxy: FaultyProxy = part("proxy")
    return World(
        context=ModelContext(settings, loaded, part("ledger")),
        upstream=Upstream.of(loaded.folder, settings.home),
        proxy=proxy,
        slack=part("slack"),
        environment={**environment, "MLFLOW_TRACKING_URI": proxy.uri},
        folder=tmp_path,
        case=part("case"),
        table=part("table"),
    )


def slack_connection(server: SlackServer) -> str:
    """Return the Airflow connection to the stand-in."""
    extra = {"base_url": server.base_url}
    return json.dumps({"conn_type": "slack", "password": "xoxb-made-up", "extra": extra})
