"""What a drill is: how a running suite is broken, and what has to be so when it is well again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drills.scene import Scene
from evergreen.records import AlertKind

Rules = Mapping[str, Any]
Names = tuple[str, ...]


class Drill:
    """One way from a fault to recovery, along one runbook; subclasses fill it in.

    The first line of a subclass's docstring says how the suite is broken; the table shows it.

    Attributes:
        kind: The alert that has to come, whose runbook is followed.
        acts: The runbook's acts that are done, in this order.
        dags: Kinds of DAG that run for the model of this drill; all others are paused.
        rules: What its spec says beside or instead of what the small model's says, by section.
        is_watched: Nobody but the watchdog raises the alert.
        is_incident: The alert belongs to an incident, which is over at the end.
    """

    kind: ClassVar[AlertKind]
    acts: ClassVar[Names]
    dags: ClassVar[Names] = ("continual_training",)
    rules: ClassVar[Rules] = {}
    is_watched: ClassVar[bool] = False
    is_incident: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the drill, which follows from the class."""
        letters = (f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__)
        return "".join(letters).lstrip("_")

    @property
    def fault(self) -> str:
        """How the suite is broken, in one sentence."""
        return (type(self).__doc__ or "").split("\n")[0].rstrip(".")

    def seed(self, scene: Scene) -> None:
        """Return the model its past."""
        raise NotImplementedError

    def break_it(self, scene: Scene) -> None:
        """Break the running suite in the way that the alert is about."""
        raise NotImplementedError

    def values(self, scene: Scene) -> Mapping[str, str]:
        """Return what stands in the alert and is to be filled into the runbook's commands."""
        raise NotImplementedError

    def before(self, scene: Scene, act: str) -> None:
        """Do what the runbook leaves to others before an act, such as delivering again."""

    def require_recovery(self, scene: Scene) -> None:
        """Fail unless champion, decisions and incidents are as they should be."""
        raise NotImplementedError
