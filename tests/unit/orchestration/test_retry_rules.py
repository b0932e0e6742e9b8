import pytest
from airflow.sdk.exceptions import AirflowFailException

from evergreen.errors import (
    ChampionChangedError,
    DataError,
    EvergreenError,
    GateError,
    LedgerError,
    NotifyError,
    RegistryError,
    RequestError,
    SpecError,
    StorageError,
)
from evergreen.orchestration.retry_rules import RequestRefused, no_retry_helps


@pytest.mark.parametrize(
    "error",
    [
        DataError("half a column"),
        GateError("a rule broke"),
        SpecError("no such key"),
        ChampionChangedError("v3 to v4"),
        RegistryError("not permitted", is_permanent=True),
        NotifyError("token revoked", is_permanent=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_retry_helps_fails_for_good_with_its_text(error: EvergreenError) -> None:
    with pytest.raises(AirflowFailException, match=str(error)) as caught, no_retry_helps():
        raise error

    assert caught.value.__cause__ is error
    assert not isinstance(caught.value, RequestRefused)


@pytest.mark.parametrize(
    "error",
    [
        RegistryError("HTTP 500"),
        StorageError("no answer"),
        LedgerError("locked"),
        ValueError("a mistake of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_comes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, no_retry_helps():
        raise error

    assert caught.value is error


def test_a_refused_request_is_told_from_a_failure() -> None:
    with pytest.raises(RequestRefused, match="needs a reason"), no_retry_helps():
        raise RequestError("force_retrain needs a reason")
