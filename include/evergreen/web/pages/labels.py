"""The words of the pages: every code of the records as people read it, with a tone."""

from typing import Literal

from evergreen.presentation.formatting import metric_label
from evergreen.web.queries.view_models import State

Tone = Literal["bad", "warn", "busy", "good", "calm"]
Word = tuple[str, Tone]

STATES: dict[State, Word] = {
    "unreadable": ("Cannot be read", "bad"),
    "no_data": ("No data", "bad"),
    "late": ("Decision late", "bad"),
    "failed": ("Failed", "bad"),
    "waiting_for_approval": ("Waiting for approval", "warn"),
    "retraining": ("Retraining", "busy"),
    "decaying": ("Decaying", "warn"),
    "drifting": ("Drifting", "warn"),
    "drifting_harmless": ("Drifting, harmless", "calm"),
    "frozen": ("Frozen", "warn"),
    "new": ("No champion yet", "calm"),
    "fresh": ("Fresh", "good"),
}

OUTCOMES: dict[str, Word] = {
    "open": ("in progress", "busy"),
    "stood_down": ("stood down", "calm"),
    "bootstrapped": ("first champion", "good"),
    "promoted": ("promoted", "good"),
    "kept": ("champion kept", "calm"),
    "held": ("promotion held", "warn"),
    "refused": ("refused", "warn"),
    "failed": ("failed", "bad"),
}

VERDICTS: dict[str, Word] = {
    "bootstrap": ("train a first model", "busy"),
    "retrain": ("retrain", "busy"),
    "reinstate": ("reinstate a former champion", "busy"),
    "stand_down": ("stand down", "calm"),
    "promote": ("promote", "good"),
    "keep": ("keep the champion", "calm"),
    "drifted": ("drifted", "warn"),
    "decayed": ("decayed", "warn"),
    "shifted": ("shifted", "warn"),
    "changed": ("changed", "warn"),
    "suspect": ("data fault", "bad"),
    "stable": ("stable", "good"),
    "steady": ("steady", "good"),
    "measured": ("measured", "calm"),
    "insufficient_data": ("too few rows", "calm"),
    "insufficient": ("too few rows", "calm"),
    "not_computable": ("not computable", "bad"),
    "passed": ("passed", "good"),
    "accepted": ("accepted", "good"),
    "rejected": ("rejected", "bad"),
    "received": ("not checked yet", "busy"),
    "skipped": ("skipped", "calm"),
    "met": ("met", "good"),
    "broken": ("broken", "bad"),
}

PROMOTIONS: dict[str, Word] = {
    "bootstrap": ("first champion", "good"),
    "promotion": ("promotion", "good"),
    "rollback": ("rollback", "warn"),
    "forced": ("forced by a person", "warn"),
    "intent": ("not finished", "warn"),
    "committed": ("done", "good"),
}

SEVERITIES: dict[str, Word] = {
    "critical": ("Critical", "bad"),
    "warning": ("Warning", "warn"),
    "info": ("Info", "calm"),
}

DELIVERIES: dict[str, Word] = {
    "pending": ("waiting for delivery", "busy"),
    "delivered": ("delivered", "good"),
    "logged": ("only logged: no channel", "calm"),
    "undeliverable": ("not delivered", "bad"),
}

ACTIONS: dict[str, str] = {
    "force_retrain": "requested a retrain",
    "hold": "held promotions",
    "release": "released promotions",
    "acknowledge": "acknowledged an incident",
    "snooze": "snoozed an incident",
}

# The unit of each metric.
UNITS: dict[str, str] = {
    "auc": "0 to 1, higher is better",
    "accuracy": "share 0 to 1, higher is better",
    "log_loss": "nats per row, lower is better",
    "brier": "0 to 1, lower is better",
    "f1_macro": "0 to 1, higher is better",
    "rmse": "in the target's unit, lower is better",
    "mae": "in the target's unit, lower is better",
}

GUARDS = {
    "calibration": "expected calibration error",
    "latency": "times the champion's",
    "size": "MB",
}


def word_of(table: dict[str, Word], code: str) -> Word:
    """Return words and tone; an unknown code, as of a newer version, is shown as it is."""
    return table.get(code, (code.replace("_", " "), "calm"))


def metric_words(name: str | None) -> tuple[str, str]:
    """Return a metric's name and its unit, for an axis or the head of a column."""
    unit = UNITS.get(name, "in its own unit") if name else "not measured yet"
    return metric_label(name), unit


def guard_unit(guard: str, metric: str) -> str:
    """Return the unit of a guard's value.

    Args:
        guard: Its name, such as ``metric log_loss``, ``slice carrier=UA``, ``size``.
        metric: Name of the metric that champion and challenger were compared by.
    """
    kind, _, name = guard.partition(" ")
    return GUARDS.get(kind) or metric_label(name if kind == "metric" else metric)


def reference_of(name: str, champion: str | None = None) -> str:
    """Return what a batch was compared with.

    Args:
        name: As ``drift.reference`` of the spec names it; empty if unknown.
        champion: Version of the champion at that time; None: today's.
    """
    its = f"the reference of v{champion}" if champion else "the champion's reference"
    if name == "rolling":
        return f"the period before the batch, or {its} if that period has too few rows"
    if name == "season":
        return f"the same season of the year before, or {its} if that season has too few rows"
    return its if name else "its reference"
