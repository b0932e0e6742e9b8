"""What a person may ask of a run by ``dagrun.conf``, checked before anything is done."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from evergreen.data.batches import is_batch_id
from evergreen.errors import RequestError
from evergreen.signals import Request

SECRET_LIKE = re.compile(r"pass(word|wd)?|secret|token|credential|api_?key", re.IGNORECASE)
DEVICES = ("auto", "cpu", "cuda", "gpu")
MAX_REASON = 500
MAX_WINDOW_DAYS = 3650
SHOWN = 60
PUT_THERE_BY_AIRFLOW = frozenset({"openlineage"})  # by the run that has started this one


def check_request(conf: object, *, known_batches: tuple[str, ...], requested_by: str) -> Request:
    """Turn the conf of a run of ``continual_training`` into a request.

    Args:
        conf: What came as ``dag_run.conf``; None or empty for a run that nobody configured.
        known_batches: Batches that were accepted, which are the ones that can be decided about.
        requested_by: Who triggered the run, empty for a scheduled one.

    Raises:
        RequestError: An unknown key, a wrong type or a wrong value; nothing was done.
    """
    given = check_keys(conf, allowed=tuple(set(Request.model_fields) - {"requested_by"}))
    request = Request(
        force_retrain=_flag(given, "force_retrain"),
        reason=text_of(given, "reason", longest=MAX_REASON),
        dry_run=_flag(given, "dry_run"),
        batch=batch_of(given, known=known_batches),
        draw_report=_flag(given, "draw_report"),
        device=_device(given),
        training_window_days=_days(given),
        requested_by=requested_by,
    )
    if request.force_retrain and not request.reason:
        raise RequestError('force_retrain needs a reason: add "reason": "why now" to the conf')
    return request


def check_keys(conf: object, *, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the conf as a mapping in which every key is allowed and every null is left out.

    What Airflow itself has put there is left out too.

    Raises:
        RequestError: Not an object, or a key that is not allowed.
    """
    if conf is None:
        return {}
    if not isinstance(conf, Mapping):
        raise RequestError(f"conf must be a JSON object, got {_shown(conf)}")
    asked = {key: value for key, value in conf.items() if key not in PUT_THERE_BY_AIRFLOW}
    for key in asked:
        if key in allowed:
            continue
        if not isinstance(key, str) or SECRET_LIKE.search(key):
            raise RequestError(
                "conf holds a key that looks like a secret; remove it, none is needed"
            )
        near = get_close_matches(key, allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RequestError(
            f"unknown key {_shown(key)} in conf{hint} Allowed: {', '.join(sorted(allowed))}"
        )
    return {key: value for key, value in asked.items() if value is not None}


def text_of(given: Mapping[str, Any], key: str, *, longest: int) -> str:
    """Return a text of the conf, stripped; empty when it is absent.

    Raises:
        RequestError: Not a text, too long, or with control characters.
    """
    value = given.get(key, "")
    if not isinstance(value, str):
        raise RequestError(f"{key} must be a text, got {_shown(value)}")
    if len(value) > longest:
        raise RequestError(f"{key} has {len(value)} characters, at most {longest} are allowed")
    return " ".join(value.split())


def batch_of(given: Mapping[str, Any], *, known: tuple[str, ...] | None) -> str | None:
    """Return the batch id of the conf, or None when it names none.

    Raises:
        RequestError: Not a batch id, or not a known batch.
    """
    value = given.get("batch")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not is_batch_id(value):
        raise RequestError(f"batch must be a batch id such as 2013-03-05, got {_shown(value)}")
    if known is not None and value not in known:
        newest = ", ".join(known[-3:]) or "none yet"
        raise RequestError(f"batch {value} was never accepted; the newest are: {newest}")
    return value


def _flag(given: Mapping[str, Any], key: str) -> bool:
    value = given.get(key, False)
    if not isinstance(value, bool):
        raise RequestError(f"{key} must be true or false, got {_shown(value)}")
    return value


def _device(given: Mapping[str, Any]) -> str | None:
    value = given.get("device")
    if value is None or value == "":
        return None
    if value not in DEVICES:
        raise RequestError(f"device must be one of {', '.join(DEVICES)}, got {_shown(value)}")
    return str(value)


def _days(given: Mapping[str, Any]) -> int | None:
    value = given.get("training_window_days")
    if value is None:
        return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= MAX_WINDOW_DAYS:
        raise RequestError(
            f"training_window_days must be a whole number from 1 to {MAX_WINDOW_DAYS},"
            f" got {_shown(value)}"
        )
    return int(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
