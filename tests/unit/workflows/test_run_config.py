from typing import Any

import pytest

from evergreen.errors import RequestError
from evergreen.signals import Request
from evergreen.workflows.run_config import check_request

KNOWN = ("2013-02-26", "2013-03-05")


def check(conf: object) -> Request:
    return check_request(conf, known_batches=KNOWN, requested_by="ada")


@pytest.mark.parametrize("conf", [None, {}, {"batch": None, "device": None}])
def test_an_empty_conf_asks_for_nothing(conf: object) -> None:
    assert check(conf) == Request(requested_by="ada")


def test_a_full_conf_is_taken_over() -> None:
    request = check(
        {
            "force_retrain": True,
            "reason": "  new\ncarrier ",
            "dry_run": True,
            "batch": "2013-03-05",
            "device": "cpu",
            "training_window_days": 28,
        }
    )

    assert request == Request(
        force_retrain=True,
        reason="new carrier",
        dry_run=True,
        batch="2013-03-05",
        device="cpu",
        training_window_days=28,
        requested_by="ada",
    )


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param([1], "must be a JSON object", id="list"),
        pytest.param("x", "must be a JSON object", id="text"),
        pytest.param({"dry_rum": True}, "did you mean 'dry_run'", id="misspelt key"),
        pytest.param({"force_retrain": True}, "needs a reason", id="force without reason"),
        pytest.param({"force_retrain": True, "reason": "  "}, "needs a reason", id="blank reason"),
        pytest.param({"force_retrain": 1}, "true or false, got 1", id="number as flag"),
        pytest.param({"dry_run": "yes"}, "true or false", id="text as flag"),
        pytest.param({"reason": 7}, "must be a text", id="number as reason"),
        pytest.param({"reason": "x" * 501}, "at most 500", id="long reason"),
        pytest.param({"batch": "2013-02-30"}, "must be a batch id", id="no such day"),
        pytest.param({"batch": "yesterday"}, "must be a batch id", id="not a date"),
        pytest.param({"batch": "../../etc/passwd"}, "must be a batch id", id="path"),
        pytest.param({"batch": "2013-04-02"}, "never accepted", id="unknown batch"),
        pytest.param({"device": "tpu"}, "one of auto, cpu, cuda, gpu", id="device"),
        pytest.param({"training_window_days": "28"}, "whole number", id="number as text"),
        pytest.param({"training_window_days": True}, "whole number", id="flag as number"),
        pytest.param({"training_window_days": 28.5}, "whole number", id="fraction"),
        pytest.param({"training_window_days": 0}, "from 1 to 3650", id="zero"),
        pytest.param({"training_window_days": float("nan")}, "whole number", id="NaN"),
        pytest.param({"training_window_days": 10**400}, "whole number", id="huge"),
        pytest.param({5: "x"}, "remove it", id="key that is no text"),
    ],
)
def test_a_wrong_conf_is_refused_with_what_is_allowed(conf: Any, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        check(conf)


def test_what_airflow_puts_into_the_conf_of_a_run_that_a_run_has_started_asks_for_nothing() -> None:
    from_airflow = {"openlineage": {"parentRunId": "01", "rootParentRunId": "01"}}

    assert check({**from_airflow, "dry_run": True}) == check({"dry_run": True})


def test_a_key_that_looks_like_a_secret_is_refused_and_never_repeated() -> None:
    with pytest.raises(RequestError) as caught:
        check({"slack_token_xoxb-123": "hunter2"})

    assert "xoxb" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_template_in_a_reason_stays_text() -> None:
    request = check({"force_retrain": True, "reason": "{{ var.value.secret }} $(id)"})

    assert request.reason == "{{ var.value.secret }} $(id)"
