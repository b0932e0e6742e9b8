from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError

from evergreen.errors import RequestError
from evergreen.orchestration.trigger_params import (
    answer_params,
    backtest_params,
    batch_param,
    force_promote_params,
    hold_params,
    redelivery_params,
    retrain_params,
    rollback_params,
)
from evergreen.signals import Request
from evergreen.workflows.backtest.run_backtest import BacktestRequest, check_backtest
from evergreen.workflows.run_config import check_request

BACKTEST_LIMITS = [
    ("policies", ("thresholds", "periodic")),
    ("history", ("stored", "landed")),
    ("budget", (0.01, 0)),
    ("budget", (1, 1.01)),
    ("every_batches", (1, 0)),
    ("every_batches", (52, 53)),
    ("seed", (0, -1)),
    ("seed", (2**31 - 1, 2**31)),
    ("jobs", (1, 0)),
    ("jobs", (64, 65)),
    ("jobs", (3, "3")),
]
FORMS = (
    retrain_params(),
    rollback_params(),
    redelivery_params(),
    backtest_params(),
    hold_params(),
    force_promote_params(),
    answer_params(),
)


@pytest.mark.parametrize("form", FORMS)
def test_every_field_has_a_title_and_a_description(form: dict[str, Param]) -> None:
    for field in form.values():
        assert field.schema["title"]
        assert field.description


def test_the_form_as_it_opens_asks_for_nothing() -> None:
    conf = {key: param.resolve() for key, param in retrain_params().items()}

    assert check_request(conf, known_batches=(), requested_by="") == Request()
    assert set(conf) == set(Request.model_fields) - {"requested_by"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("force_retrain", "yes"),
        ("dry_run", 1),
        ("reason", "x" * 501),
        ("device", "tpu"),
        ("training_window_days", 0),
        ("training_window_days", 3651),
        ("training_window_days", 1.5),
        ("batch", 20130305),
    ],
)
def test_the_form_refuses_what_the_check_refuses(field: str, value: Any) -> None:
    with pytest.raises(ParamValidationError):
        retrain_params()[field].resolve(value)


def test_the_form_of_a_back_test_opens_with_what_the_check_takes_for_nothing() -> None:
    conf = {key: param.resolve() for key, param in backtest_params().items()}

    assert check_backtest("flights", conf) == check_backtest("flights", None)
    assert set(conf) == set(BacktestRequest.model_fields)


@pytest.mark.parametrize(("field", "limits"), BACKTEST_LIMITS)
def test_the_form_of_a_back_test_ends_where_its_check_does(
    field: str, limits: tuple[Any, Any]
) -> None:
    allowed, refused = limits

    assert backtest_params()[field].resolve(allowed) == allowed
    assert getattr(check_backtest("flights", {field: allowed}), field) == allowed
    with pytest.raises(ParamValidationError):
        backtest_params()[field].resolve(refused)
    with pytest.raises(RequestError, match=f"{field} must be .*, got"):
        check_backtest("flights", {field: refused})


@pytest.mark.parametrize("form", [rollback_params(), force_promote_params()], ids=["back", "force"])
@pytest.mark.parametrize("version", ["0", "v3", "champion", "", 3])
def test_a_version_to_move_to_is_a_number_in_text(form: dict[str, Param], version: Any) -> None:
    with pytest.raises(ParamValidationError):
        form["version"].resolve(version)


def test_the_form_of_a_hold_refuses_what_its_order_refuses() -> None:
    with pytest.raises(ParamValidationError):
        hold_params()["action"].resolve("stop")


def test_a_batch_may_be_left_empty() -> None:
    assert batch_param("Which.").resolve() is None
