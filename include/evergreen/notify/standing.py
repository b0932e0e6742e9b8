"""How the incident of a message stands, as its first message shows it."""

from datetime import datetime

from evergreen.records import Record


class Standing(Record):
    """What has become of an incident since it was opened; what is not known stays empty.

    Attributes:
        opened_at: When it was opened.
        resolution: How it ended, such as ``recovered`` or ``resolved by promotion of v7``; empty
            while it is open.
        closed_at: When it ended; None while it is open.
        acknowledged_by: Who looks after it.
        snoozed_until: Nothing but its end is told before then.
        snoozed_by: Who asked for that.
        n_events: Alerts that belong to it, the first one counted.
    """

    opened_at: datetime | None = None
    resolution: str = ""
    closed_at: datetime | None = None
    acknowledged_by: str = ""
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    n_events: int = 1

    @property
    def is_over(self) -> bool:
        """Whether the incident has ended."""
        return self.closed_at is not None or bool(self.resolution)
