"""A model context on a small model: real ledger, real store, real deliveries; no Airflow.

A test that asks for ``mlflow_uri`` gets one on that server; every test has a model name of its own,
so that they do not meet there. One that asks for ``task`` gets a model of that task.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from drivers.asking import PROMOTION, Case, change_spec
from drivers.history import begin, fit_model
from drivers.ledgers import copy_of
from drivers.tiny import Upstream, write_spec
from evergreen.records import Alert
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.spec.model import Task
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

MakeAlert = Callable[..., Alert]


def build_alert(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "model": "flights",
        "kind": "data_rejected",
        "message_key": "data_rejected:flights:2013-03-05",
        "thread": "flights:2013-03-05",
        "title": "flights: data of 2013-03-05 rejected",
        "text": "The data broke 1 rule.",
        "must_act": True,
        "links": (("run", "https://airflow.example/dags/ingest__flights"),),
    }
    return Alert(**{**fields, **changes})


@pytest.fixture(scope="session")
def make_alert() -> MakeAlert:
    return build_alert


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"tiny_{sha256(request.node.nodeid.encode()).hexdigest()[:10]}"


@pytest.fixture
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> Path:
    slack = "slack_default" if "slack" in request.fixturenames else ""
    has_task = "task" in request.fixturenames
    task: Task = request.getfixturevalue("task") if has_task else "binary"
    write_spec(tmp_path / "models", name=name, slack=slack, task=task)
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("EVERGREEN_GIT_COMMIT", "0123abc")
    for variable in ("EVERGREEN_LEDGER_URL", "EVERGREEN_STORE_URI", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    if "mlflow_uri" in request.fixturenames:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("mlflow_uri"))
    return tmp_path / "home"


@pytest.fixture
def context(home: Path, name: str, ledger_template: Path) -> Iterator[ModelContext]:
    settings = read_settings()
    with copy_of(ledger_template, settings.ledger_url) as ledger:
        yield ModelContext(settings, load_spec(settings.models_dir / name, home=home), ledger)


@pytest.fixture
def upstream(context: ModelContext) -> Upstream:
    return Upstream.of(context.loaded.folder, context.settings.home)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the small spec, fitted once."""
    return fit_model(tmp_path_factory.mktemp("fitted"))


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with SlackServer() as server:
        monkeypatch.setenv(
            "AIRFLOW_CONN_SLACK_DEFAULT",
            f'{{"conn_type": "slack", "password": "xoxb-made-up",'
            f' "extra": {{"base_url": "{server.base_url}"}}}}',
        )
        yield server


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was sent to Airflow's page, in place of its supervisor."""
    pages: list[dict[str, Any]] = []

    def upsert(**page: Any) -> None:
        pages.append(page)

    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", upsert)
    return pages


@pytest.fixture
def rule(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the spec says of approvals; a test changes it by ``parametrize``."""
    return {"hours": 24, "on_timeout": "keep", "approvers": "", **getattr(request, "param", {})}


@pytest.fixture
def case(
    context: ModelContext, upstream: Upstream, rule: dict[str, Any], shown: list[dict[str, Any]]
) -> Case:
    """A run whose challenger won, with a spec that asks a person."""
    batch = begin(context, upstream)
    change_spec(context, PROMOTION.format(**rule))
    return Case(context, batch)
