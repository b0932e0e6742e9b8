"""Calls to MLflow that end in bounded time, and its failures in our words.

MLflow's own client retries every request, writes included, for four minutes. Here it makes one
attempt per call and this module decides whether another one may help.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from math import ceil
from typing import TypeVar

from evergreen.errors import RegistryError

log = logging.getLogger(__name__)

T = TypeVar("T")

TEXT_LIMIT = 300
FIRST_PAUSE_SECONDS = 0.5
NOT_PERMITTED = (401, 403)
SERVER_FAULT = 500
MAY_PASS = (408, 429)
# MLflow answers 400 when two writers insert the same row at once; the second try finds the row.
RACES = ("IntegrityError", "UniqueViolation", "database is locked")
TIMEOUTS = {"Timeout", "ReadTimeoutError"}
HTTP_ERRORS = ("requests.exceptions", "urllib3.exceptions")
CREDENTIALS = re.compile(r"//[^/@\s]+@")


def bound_requests(timeout_seconds: float) -> None:
    """Make this process's MLflow client try once per request and wait at most ``timeout_seconds``.

    MLflow takes these limits from the environment and reads them at every request, so they hold for
    the whole process; there is no other way to set them.
    """
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(max(1, ceil(timeout_seconds)))
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def call_bounded(
    name: str,
    action: Callable[[], T],
    *,
    server: str,
    timeout_seconds: float,
    max_retries: int,
) -> T:
    """Run ``action``, again where that may help, until ``timeout_seconds`` have passed.

    Args:
        name: What is called, as MLflow names it; for the error.
        action: The call; running it twice must do no more than running it once.
        server: The server without credentials; for the error.
        timeout_seconds: No new attempt starts after this; one attempt waits no longer than this.
        max_retries: Attempts after the first.

    Raises:
        RegistryError: The last attempt failed, or the failure is permanent.
    """
    started = time.monotonic()
    for attempt in range(max_retries + 1):
        try:
            return action()
        except Exception as err:
            failure = as_registry_error(
                err, name=name, server=server, timeout_seconds=timeout_seconds
            )
            pause = FIRST_PAUSE_SECONDS * 2**attempt
            is_over = time.monotonic() - started + pause >= timeout_seconds
            if failure.is_permanent or is_over or attempt == max_retries:
                raise failure from err
            log.warning("%s; trying again in %.1f s", failure, pause)
            time.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


def as_registry_error(
    err: Exception, *, name: str, server: str, timeout_seconds: float
) -> RegistryError:
    """Put a failure of MLflow's client into our words, without credentials."""
    if isinstance(err, RegistryError):
        return err
    status = http_status(err)
    text = shorten(err)
    if status in NOT_PERMITTED:
        return RegistryError(
            f"MLflow at {server}: not permitted: {name} (HTTP {status}); check the credentials"
            " and rights of this account",
            is_permanent=True,
        )
    if _is_caused_by(err, TIMEOUTS):
        return RegistryError(
            f"MLflow at {server} did not answer {name} in {timeout_seconds:g} s; is the server"
            " healthy?"
        )
    if _is_caused_by(err, {"ConnectionError"}):
        return RegistryError(
            f"MLflow at {server} could not be reached for {name}; is the server up and"
            f" MLFLOW_TRACKING_URI right? ({text})"
        )
    if status is not None and status < SERVER_FAULT and not _may_pass(status, str(err)):
        return RegistryError(
            f"MLflow at {server} refused {name}: {text}; the request is wrong or the object is"
            " gone",
            is_permanent=True,
        )
    return RegistryError(f"MLflow at {server} failed at {name}: {text}; see the server's log")


def http_status(err: Exception) -> int | None:
    """The HTTP status behind a failure of MLflow's client, None where there was no answer."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    if isinstance(err, MlflowException):
        return int(err.get_http_status_code())  # type: ignore[no-untyped-call] # no stubs
    if isinstance(err, RequestException) and err.response is not None:
        return int(err.response.status_code)
    return None


def is_code(err: Exception, *codes: str) -> bool:
    """Return whether MLflow's server answered with one of these error codes."""
    return getattr(err, "error_code", None) in codes


def shorten(err: Exception) -> str:
    """Return the failure's text on one line, credentials masked."""
    text = " ".join(CREDENTIALS.sub("//***@", str(err)).split())
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}..."


def _may_pass(status: int, text: str) -> bool:
    return status in MAY_PASS or any(race in text for race in RACES)


def _is_caused_by(err: BaseException | None, names: set[str]) -> bool:
    """Return whether ``requests`` or ``urllib3`` raised one of these, or a subclass, below."""
    while err is not None:
        family = {kind.__name__ for kind in type(err).__mro__ if kind.__module__ in HTTP_ERRORS}
        if family & names:
            return True
        err = err.__cause__ or err.__context__
    return False
