"""What the ledger says of a model's batches, one row per decision, for the table and for JSON."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from evergreen.errors import RequestError, SpecError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Approval, Decision, Delivery
from evergreen.records import Promotion
from evergreen.settings import Settings
from evergreen.spec.decision_limits import Limits, limits_of
from evergreen.spec.loader import LoadedSpec, load_specs

MAX_LISTED = 5


@dataclass(frozen=True)
class HistoryRow:
    """One batch with one of its decisions; without, where none was made (yet)."""

    batch: str
    delivery: Delivery | None
    decision: Decision | None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {
            "batch": self.batch,
            "delivery": None if self.delivery is None else self.delivery.to_json(),
            "decision": None if self.decision is None else self.decision.to_json(),
        }


@dataclass(frozen=True)
class Attempt:
    """One decision about a batch, the limits it was made by, and the promotion that it made.

    ``limits`` is None where the spec has changed since, ``approval`` where nobody was asked.
    """

    decision: Decision
    limits: Limits | None
    promotion: Promotion | None
    approval: Approval | None

    def to_json(self) -> dict[str, Any]:
        """Return the attempt as JSON-ready values."""
        return {
            "decision": self.decision.to_json(),
            "limits": None if self.limits is None else asdict(self.limits),
            "promotion": None if self.promotion is None else self.promotion.to_json(),
            "approval": None if self.approval is None else self.approval.to_json(),
        }


@dataclass(frozen=True)
class Explanation:
    """All that the ledger knows of one batch."""

    model: str
    batch: str
    delivery: Delivery | None
    labels: Delivery | None
    attempts: tuple[Attempt, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON-ready values."""
        return {
            "model": self.model,
            "batch": self.batch,
            "delivery": None if self.delivery is None else self.delivery.to_json(),
            "labels": None if self.labels is None else self.labels.to_json(),
            "attempts": [attempt.to_json() for attempt in self.attempts],
        }


def read_history(ledger: Ledger, model: str, *, limit: int | None = None) -> list[HistoryRow]:
    """Return the rows of a model, earliest batch and decision first; with a limit the newest."""
    deliveries = {d.batch: d for d in ledger.batches.deliveries(model, "data")}
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for decision in ledger.decisions.history(model):
        decisions[decision.batch].append(decision)
    rows = []
    for batch in sorted(deliveries.keys() | decisions.keys()):
        made: list[Decision | None] = [*decisions.get(batch, [])]
        rows += [HistoryRow(batch, deliveries.get(batch), one) for one in made or [None]]
    return rows if limit is None else rows[-limit:]


def explain_batch(
    ledger: Ledger, model: str, batch: str, *, loaded: LoadedSpec | None
) -> Explanation:
    """Return all that the ledger knows of one batch.

    Args:
        ledger: Where to look.
        model: Name of the model.
        batch: Id of the batch.
        loaded: The model's spec as it is now, for the limits of decisions that were made by it.
    """
    return Explanation(
        model=model,
        batch=batch,
        delivery=ledger.batches.delivery(model, "data", batch),
        labels=ledger.batches.delivery(model, "labels", batch),
        attempts=tuple(
            read_attempt(ledger, decision, loaded=loaded)
            for decision in ledger.decisions.of_batch(model, batch)
        ),
    )


def read_attempt(ledger: Ledger, decision: Decision, *, loaded: LoadedSpec | None) -> Attempt:
    """Return a decision with its limits, its promotion and its approval.

    Args:
        ledger: Where to look.
        decision: The decision.
        loaded: The model's spec as it is now, for the limits of a decision that was made by it.
    """
    return Attempt(
        decision,
        limits_of(decision.spec_hash, loaded),
        ledger.promotions.by_decision(decision.model, decision.id),
        ledger.approvals.get(decision.id),
    )


def find_batch(rows: list[HistoryRow], asked: str, *, every_days: float | None) -> str:
    """Return the batch that was named, or that holds the date or time that was named.

    Args:
        rows: The whole history of the model.
        asked: A batch id, a date or a time.
        every_days: Length of a batch in days, for deliveries too broken to say their own window.

    Raises:
        RequestError: No batch is meant, or several.
    """
    from evergreen.presentation.datetimes import read_span

    if any(row.batch == asked for row in rows):
        return asked
    span = read_span(asked)
    found = []
    for batch in dict.fromkeys(row.batch for row in rows):
        window = _window_of(batch, rows, every_days)
        if window is not None and window.start < span.end and span.start < window.end:
            found.append(batch)
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestError(f"{asked} lies in {len(found)} batches: {_listed(found)}; name one")
    known = list(dict.fromkeys(row.batch for row in rows))
    raise RequestError(f"no batch holds {asked}; the newest known are {_listed(known)}")


def require_known(model: str, rows: list[HistoryRow], settings: Settings) -> None:
    """Refuse a model that has neither a history nor a spec.

    Raises:
        SpecError: There is no such model; the text says which there are.
    """
    if not rows:
        load_specs(settings.models_dir, home=settings.home).find(model)


def spec_now(model: str, settings: Settings) -> LoadedSpec | None:
    """Return the model's spec as it is now, None where it cannot be read."""
    try:
        return load_specs(settings.models_dir, home=settings.home, only=model).find(model)
    except SpecError:
        return None


def _window_of(batch: str, rows: list[HistoryRow], every_days: float | None) -> Any:
    from evergreen.data.batches import is_batch_id, period

    for row in rows:
        if row.batch == batch and row.delivery is not None and row.delivery.window is not None:
            return row.delivery.window
    if every_days is None or not is_batch_id(batch):
        return None
    return period(batch, every_days=every_days)


def _listed(batches: list[str]) -> str:
    if not batches:
        return "none"
    shown = ", ".join(batches[-MAX_LISTED:])
    return shown if len(batches) <= MAX_LISTED else f"..., {shown}"
