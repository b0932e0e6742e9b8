"""Every drill there is."""

from drills import machinery, people, verdicts
from drills.drill import Drill

DRILLS: tuple[Drill, ...] = (
    machinery.DataRejected(),
    machinery.LabelsRejected(),
    machinery.Failed(),
    machinery.NoData(),
    machinery.NoDataOvertaken(),
    machinery.LateDecision(),
    machinery.AliasMismatch(),
    verdicts.Drift(),
    verdicts.Decay(),
    verdicts.RetrainStarted(),
    verdicts.Promoted(),
    verdicts.Kept(),
    verdicts.StoodDown(),
    people.ApprovalWanted(),
    people.ApprovalRefused(),
    people.PromotionHeld(),
    people.Forced(),
    people.RolledBack(),
    people.AutoRolledBack(),
    people.RollbackHeld(),
)
# What a plain run of the tests plays; all of them: make drill.
SAMPLE = ("late_decision", "alias_mismatch", "promoted")


def model_of(drill: Drill) -> str:
    """Return the name of a drill's model; no other one contains it."""
    return f"m{DRILLS.index(drill):02d}_{drill.name}"
