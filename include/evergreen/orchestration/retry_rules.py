"""What our errors mean to Airflow: the only place that turns them into Airflow's."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from evergreen.errors import EvergreenError, ExternalError, NothingToDo, RequestError


class RequestRefused(AirflowFailException):
    """A person's request was refused before anything was done; nobody needs to be woken."""


@contextmanager
def no_retry_helps() -> Iterator[None]:
    """Fail the task for good on our own errors, except where an outside system may recover.

    Raises:
        AirflowSkipException: There is nothing to do; what follows is skipped.
        RequestRefused: The request itself was wrong.
        AirflowFailException: With the text of the error; no retry follows.
        ExternalError: As it came; Airflow retries, unless it says that it is permanent.
    """
    try:
        yield
    except NothingToDo as err:
        raise AirflowSkipException(str(err)) from err
    except ExternalError as err:
        if getattr(err, "is_permanent", False):
            raise AirflowFailException(str(err)) from err
        raise
    except RequestError as err:
        raise RequestRefused(str(err)) from err
    except EvergreenError as err:
        raise AirflowFailException(str(err)) from err
