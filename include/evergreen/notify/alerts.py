"""One pure builder per kind of alert, each saying what happened, whether to act, and what to do.

They give plain text; how it is escaped and shown is the matter of ``messages``. An alert's
``incident`` is its identity: a rerun of the same step builds the same alert.
"""

from evergreen.notify.building import Links, links_of
from evergreen.notify.decay_alerts import decay
from evergreen.notify.people_alerts import (
    approval_reminder,
    approval_wanted,
    forced,
    promotion_held,
)
from evergreen.notify.trouble_alerts import (
    alias_mismatch,
    failed,
    late_decision,
    no_data,
    rolled_back,
)
from evergreen.notify.verdict_alerts import (
    data_rejected,
    drift,
    kept,
    promoted,
    retrain_started,
    stood_down,
)
from evergreen.notify.watch_alerts import auto_rolled_back, rollback_held

__all__ = [
    "Links",
    "alias_mismatch",
    "approval_reminder",
    "approval_wanted",
    "auto_rolled_back",
    "data_rejected",
    "decay",
    "drift",
    "failed",
    "forced",
    "kept",
    "late_decision",
    "links_of",
    "no_data",
    "promoted",
    "promotion_held",
    "retrain_started",
    "rollback_held",
    "rolled_back",
    "stood_down",
]
