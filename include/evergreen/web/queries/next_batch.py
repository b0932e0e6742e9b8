"""When the next batch of a model is expected."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from evergreen.ledger.queries.rows import LatestDelivery
from evergreen.spec.model import ModelSpec

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}


def next_batch_at(
    spec: ModelSpec, delivery: LatestDelivery | None, now: datetime
) -> datetime | None:
    """Return when the next batch is expected, in UTC; it may be in the past.

    That is one batch's length after the newest delivery was ingested. Before the first delivery it
    is the next time of the schedule; None if the schedule is continuous.
    """
    if delivery is not None:
        return delivery.taken_at + timedelta(days=spec.arrivals.every_days)
    if spec.schedule == "@continuous":
        return None
    from croniter import croniter  # type: ignore[import-untyped]  # ships no types

    begun = now.astimezone(ZoneInfo(spec.timezone))
    tick: datetime = croniter(PRESETS.get(spec.schedule, spec.schedule), begun).get_next(datetime)
    return tick.astimezone(UTC)
