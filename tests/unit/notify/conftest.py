"""Builders for the alerts' tests, and no proxy between a test and its stand-in."""

from collections.abc import Callable
from typing import Any

import pytest

from evergreen.records import Alert

MakeAlert = Callable[..., Alert]


def build_alert(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "model": "flights",
        "kind": "data_rejected",
        "incident": "data_rejected:flights:2013-03-05",
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
