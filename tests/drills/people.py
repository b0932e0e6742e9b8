"""Drills of what people order: approvals, holds, forced promotions, the way back, the watch."""

from collections.abc import Mapping
from typing import ClassVar

from drills.drill import Drill, Names, Rules
from drills.machinery import batch_of
from drills.scene import FORCE, Scene
from drills.verdicts import LAST_WEEK
from drivers.history import label
from evergreen.records import AlertKind
from evergreen.sandbox.services.airflow_api import TaskInstance


class ApprovalWanted(Drill):
    """A challenger wins, and the spec asks a person."""

    kind: ClassVar[AlertKind] = "approval_wanted"
    acts: ClassVar[Names] = ("approve",)
    rules: ClassVar[Rules] = {**LAST_WEEK, "promotion": {"approval": "required"}}

    def seed(self, scene: Scene) -> None:
        scene.seed_turned()

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training", FORCE)

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(7), "run": scene.runs("continual_training")[0].run_id}

    def before(self, scene: Scene, act: str) -> None:
        scene.wait_until(lambda: self._step(scene).state == "awaiting_input", "the question")

    def require_recovery(self, scene: Scene) -> None:
        decision = scene.decided(1)
        approval = scene.stage.ledger.approvals.get(decision.id)
        assert approval is not None
        assert (approval.answer, approval.answered_by) == ("approved", scene.stage.stack.username)
        scene.require_champion("2", "promotion")

    def _step(self, scene: Scene) -> TaskInstance:
        return scene.task(scene.runs("continual_training")[0], "approve")


class ApprovalRefused(ApprovalWanted):
    """A challenger wins, and the person who is asked is in doubt."""

    acts: ClassVar[Names] = ("reject",)

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(1).outcome == "refused"
        scene.require_champion("1", "bootstrap")


class PromotionHeld(Drill):
    """A challenger wins while somebody holds promotions."""

    kind: ClassVar[AlertKind] = "promotion_held"
    acts: ClassVar[Names] = ("release",)
    dags: ClassVar[Names] = ("continual_training", "hold")
    rules: ClassVar[Rules] = LAST_WEEK

    def seed(self, scene: Scene) -> None:
        scene.seed_turned()

    def break_it(self, scene: Scene) -> None:
        scene.stage.shell(f"evergreen hold {scene.model} --reason audit --as ada")
        scene.start("continual_training", FORCE)

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {}

    def before(self, scene: Scene, act: str) -> None:
        assert scene.decided(1).outcome == "held"

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(2).outcome == "promoted"
        assert scene.champion is not None
        scene.require_champion(scene.champion.version, "promotion")


class Forced(Drill):
    """Somebody makes a version champion that nobody has judged."""

    kind: ClassVar[AlertKind] = "forced"
    acts: ClassVar[Names] = ("undo", "hold")
    dags: ClassVar[Names] = ("force_promote", "rollback")

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()
        with scene.stage.one_at_a_time:
            scene.reign()

    def break_it(self, scene: Scene) -> None:
        scene.start("force_promote", {"version": "1", "reason": "a drill"})

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"version": "2"}

    def require_recovery(self, scene: Scene) -> None:
        scene.require_champion("2", "rollback")
        (hold,) = scene.stage.ledger.holds.in_force(scene.model)
        assert hold.reason == f"drill of {self.kind}"


class RolledBack(Forced):
    """Somebody moves the champion back."""

    kind: ClassVar[AlertKind] = "rolled_back"
    dags: ClassVar[Names] = ("rollback", "hold")

    def break_it(self, scene: Scene) -> None:
        scene.start("rollback", {"reason": "a drill"})


class AutoRolledBack(Drill):
    """A promoted champion does worse on the labels that come after."""

    kind: ClassVar[AlertKind] = "auto_rolled_back"
    acts: ClassVar[Names] = ("restore", "hold")
    dags: ClassVar[Names] = ("watch_champion",)

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()
        with scene.stage.one_at_a_time:
            scene.reign(is_wrong=True)

    def break_it(self, scene: Scene) -> None:
        with scene.stage.one_at_a_time:
            label(scene.context, scene.upstream, 5)
        scene.start("watch_champion")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(5), "version": "2"}

    def before(self, scene: Scene, act: str) -> None:
        if act == "restore":
            scene.require_champion("1", "rollback")

    def require_recovery(self, scene: Scene) -> None:
        scene.require_champion("2", "rollback")
        assert len(scene.stage.ledger.holds.in_force(scene.model)) == 1


class RollbackHeld(AutoRolledBack):
    """A promoted champion does worse while somebody holds promotions."""

    kind: ClassVar[AlertKind] = "rollback_held"
    acts: ClassVar[Names] = ("back", "release")
    dags: ClassVar[Names] = ("watch_champion", "rollback")

    def break_it(self, scene: Scene) -> None:
        scene.stage.shell(f"evergreen hold {scene.model} --reason audit --as ada")
        super().break_it(scene)

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"version": "1"}

    def before(self, scene: Scene, act: str) -> None:
        """Nobody else has to do anything."""

    def require_recovery(self, scene: Scene) -> None:
        scene.require_champion("1", "rollback")
        assert scene.stage.ledger.holds.in_force(scene.model) == []
