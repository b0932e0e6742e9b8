"""Drift of each feature against the data the champion learnt from.

The numbers come from ``measure_drift`` over a stored ``ReferenceProfile``; ``report`` draws them.
"""

from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile

__all__ = ["ReferenceProfile", "build_profile", "measure_drift"]
