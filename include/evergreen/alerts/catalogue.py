"""One pure builder per kind of alert, each saying what happened, whether to act, and what to do.

They give plain text; how it is escaped and shown is the matter of ``messages``. An alert's
``incident`` is its identity: a rerun of the same step builds the same alert.
"""

from evergreen.alerts.builder import Links, links_of
from evergreen.alerts.champion_watch import auto_rolled_back, rollback_held
from evergreen.alerts.decay import decay
from evergreen.alerts.decision import (
    data_rejected,
    drift,
    kept,
    promoted,
    retrain_started,
    stood_down,
)
from evergreen.alerts.manual_actions import (
    approval_reminder,
    approval_wanted,
    forced,
    promotion_held,
)
from evergreen.alerts.system import (
    alias_mismatch,
    failed,
    late_decision,
    no_data,
    rolled_back,
)

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
