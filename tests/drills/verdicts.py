"""Drills of what is measured and decided: drift, decay, and what follows from them."""

from collections.abc import Mapping
from typing import ClassVar

from drills.drill import Drill, Names, Rules
from drills.machinery import batch_of
from drills.scene import FORCE, Scene
from drivers.history import accept, pass_week
from evergreen.records import AlertKind

LAST_WEEK: Rules = {"windows": {"training_days": 7}}
NARROW = "narrow"


class Drift(Drill):
    """A batch arrives in which a feature has moved by three standard deviations."""

    kind: ClassVar[AlertKind] = "drift"
    acts: ClassVar[Names] = ("retrain",)
    rules: ClassVar[Rules] = {"alerts": {"calm_batches": 1}}

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()
        with scene.stage.one_at_a_time:
            accept(scene.context, scene.upstream, 6, shift=3.0)

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training", {"batch": batch_of(6)})

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(6)}

    def before(self, scene: Scene, act: str) -> None:
        scene.decided(1)

    def require_recovery(self, scene: Scene) -> None:
        forced = scene.decided(2)
        assert (forced.trigger, forced.outcome) == ("forced", "kept")
        with scene.stage.one_at_a_time:
            accept(scene.context, scene.upstream, 7)
        scene.start("continual_training", {"batch": batch_of(7)})
        assert scene.decided(3).outcome == "stood_down"


class Decay(Drill):
    """The relation of data and labels has changed, and the policy of the spec never retrains."""

    kind: ClassVar[AlertKind] = "decay"
    acts: ClassVar[Names] = ("retrain",)
    rules: ClassVar[Rules] = {**LAST_WEEK, "policy": {"name": "never"}}

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        with scene.stage.one_at_a_time:
            for week in (6, 7):
                pass_week(scene.context, scene.upstream, week, is_flipped=True)
        scene.start("continual_training")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(7)}

    def before(self, scene: Scene, act: str) -> None:
        assert scene.decided(1).outcome == "stood_down"

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(2).outcome == "promoted"
        scene.require_champion("2", "promotion")


class RetrainStarted(Drill):
    """A batch drifts so much that a retrain begins, and its pool has no free slot."""

    kind: ClassVar[AlertKind] = "retrain_started"
    acts: ClassVar[Names] = ("hold", "release")
    rules: ClassVar[Rules] = {
        **LAST_WEEK,
        "training": {"pool": NARROW},
        "drift": {"share_to_retrain": 0.1},
    }

    def seed(self, scene: Scene) -> None:
        scene.seed_turned()
        scene.stage.shell(f"airflow pools set {NARROW} 0 drill")
        with scene.stage.one_at_a_time:
            accept(scene.context, scene.upstream, 8, shift=3.0)

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(8)}

    def before(self, scene: Scene, act: str) -> None:
        if act == "release":
            scene.stage.shell(f"airflow pools set {NARROW} 1 drill")
            assert scene.decided(1).outcome == "held"

    def require_recovery(self, scene: Scene) -> None:
        with scene.stage.one_at_a_time:
            accept(scene.context, scene.upstream, 9, is_flipped=True)
        scene.start("continual_training")
        assert scene.decided(2).outcome == "promoted"
        assert scene.champion is not None
        scene.require_champion(scene.champion.version, "promotion")


class Promoted(Drill):
    """The relation of data and labels has changed, and a challenger wins."""

    kind: ClassVar[AlertKind] = "promoted"
    acts: ClassVar[Names] = ("back",)
    rules: ClassVar[Rules] = LAST_WEEK

    def seed(self, scene: Scene) -> None:
        scene.seed_turned()

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training", FORCE)

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(7), "version": "1"}

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(1).outcome == "promoted"
        scene.require_champion("1", "rollback")


class Kept(Drill):
    """A retrain is forced while the data stay the same."""

    kind: ClassVar[AlertKind] = "kept"
    acts: ClassVar[Names] = ("force",)

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training", FORCE)

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(5), "version": "2"}

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(1).outcome == "kept"
        scene.require_champion("2", "forced")


class StoodDown(Drill):
    """A quiet batch of a model whose spec asks for a message about it."""

    kind: ClassVar[AlertKind] = "stood_down"
    acts: ClassVar[Names] = ("retrain",)
    rules: ClassVar[Rules] = {"alerts": {"send_quiet": True}}
    is_incident: ClassVar[bool] = False

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        scene.start("continual_training")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(5)}

    def require_recovery(self, scene: Scene) -> None:
        forced = scene.decided(2)
        assert (forced.trigger, forced.outcome) == ("forced", "kept")
        scene.require_champion("1", "bootstrap")
