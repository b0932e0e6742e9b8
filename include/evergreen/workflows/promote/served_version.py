"""Who served a moment: by the time in the data, and by the clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion, Window


@dataclass(frozen=True)
class ServedBatch:
    """The batch that holds a moment, and the version that was champion for it.

    Attributes:
        batch: Its id.
        window: The period that it stands for.
        version: Who scored it.
        when: When it was scored, or decided about.
        source: ``scored``: the prediction log of then says so. ``decided``: the log has passed its
            retention or was made anew, and the first decision about the batch says so.
        promotion: By which the version had become champion.
    """

    batch: str
    window: Window
    version: str
    when: datetime
    source: Literal["scored", "decided"]
    promotion: Promotion | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "batch": self.batch,
            "window": self.window.to_json(),
            "version": self.version,
            "when": self.when.isoformat(),
            "source": self.source,
            "promotion": None if self.promotion is None else self.promotion.to_json(),
        }


@dataclass(frozen=True)
class Served:
    """Who served a moment.

    ``by_data`` is None where no scored batch holds the moment, ``by_clock`` before the first
    promotion.
    """

    at: datetime
    by_data: ServedBatch | None
    by_clock: Promotion | None

    @property
    def version(self) -> str | None:
        """The answer: by the data where there is one, else by the clock."""
        if self.by_data is not None:
            return self.by_data.version
        return None if self.by_clock is None else self.by_clock.version

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "at": self.at.isoformat(),
            "version": self.version,
            "by_data": None if self.by_data is None else self.by_data.to_json(),
            "by_clock": None if self.by_clock is None else self.by_clock.to_json(),
        }


def who_served(ledger: Ledger, model: str, moment: datetime) -> Served:
    """Say which version scored the rows of a moment, and which was champion when the clock said it.

    The two differ where data comes later than it happened: a history that is replayed, or a night
    that is scored in the morning.
    """
    return Served(
        at=moment,
        by_data=_by_data(ledger, model, moment),
        by_clock=ledger.promotions.champion_at(model, moment),
    )


def _by_data(ledger: Ledger, model: str, moment: datetime) -> ServedBatch | None:
    for delivery in reversed(ledger.batches.deliveries(model, "data", status="accepted")):
        window = delivery.window
        if window is not None and window.start <= moment < window.end:
            return _served_batch(ledger, model, delivery.batch, window)
    return None


def _served_batch(ledger: Ledger, model: str, batch: str, window: Window) -> ServedBatch | None:
    """Return who scored a batch before it was decided about; what was scored later is a shadow."""
    decisions = ledger.decisions.of_batch(model, batch)
    logs = [
        log
        for log in ledger.batches.predictions(model, batch=batch)
        if not decisions or log.scored_at <= decisions[0].decided_at
    ]
    if logs:
        version, when = logs[0].version, logs[0].scored_at
    elif decisions and decisions[0].champion_before is not None:
        version, when = decisions[0].champion_before, decisions[0].decided_at
    else:
        return None
    reigns = [
        row
        for row in ledger.promotions.history(model)
        if row.version == version and row.promoted_at <= when
    ]
    return ServedBatch(
        batch=batch,
        window=window,
        version=version,
        when=when,
        source="scored" if logs else "decided",
        promotion=reigns[-1] if reigns else None,
    )
