"""One pure builder per kind of alert, each saying what happened, whether to act, and what to do.

They give plain text; how it is escaped and shown is the matter of ``messages``. An alert's
``incident`` is its identity: a rerun of the same step builds the same alert.
"""

from evergreen.notify.building import Links, links_of
from evergreen.notify.trouble_alerts import (
    alias_mismatch,
    failed,
    late_decision,
    no_data,
    resolved,
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

__all__ = [
    "Links",
    "alias_mismatch",
    "data_rejected",
    "drift",
    "failed",
    "kept",
    "late_decision",
    "links_of",
    "no_data",
    "promoted",
    "resolved",
    "retrain_started",
    "rolled_back",
    "stood_down",
]
