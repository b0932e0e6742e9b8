"""Drills of what breaks outside of the model: data, runs, the clock, the alias."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from drills.drill import Drill, Names, Rules
from drills.scene import Scene
from drivers.tiny import FIRST, WEEK, make_rows
from evergreen.landing.deliver import deliver_labels
from evergreen.ledger.database import Database
from evergreen.ledger.tables import DeliveryRow
from evergreen.records import AlertKind, Window

CHAIN = ("score", "continual_training")
A_DAY = timedelta(days=1)
NO_SUCH_RULE = '[{"type": "expect_column_value_to_be_between", "kwargs": {"column": "temp"}}]'


def batch_of(week: int) -> str:
    """Return the id of a week's batch."""
    return f"{FIRST + week * WEEK:%Y-%m-%d}"


class DataRejected(Drill):
    """Half of a column is missing in the delivery."""

    kind: ClassVar[AlertKind] = "data_rejected"
    acts: ClassVar[Names] = ("again",)
    dags: ClassVar[Names] = (*CHAIN, "redelivery")

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        scene.upstream.deliver(6, fault="half_missing")
        scene.let_wait("ingest")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(6)}

    def before(self, scene: Scene, act: str) -> None:
        scene.upstream.deliver(6)

    def require_recovery(self, scene: Scene) -> None:
        scene.require_decided(batch_of(6))
        scene.require_champion("1", "bootstrap")


class LabelsRejected(Drill):
    """The labels are those of other rows."""

    kind: ClassVar[AlertKind] = "data_rejected"
    acts: ClassVar[Names] = ("labels",)
    dags: ClassVar[Names] = ("redelivery",)

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        start = FIRST + 5 * WEEK
        window = Window(start=start, end=start + WEEK)
        rows = make_rows(9, 400, window)
        upstream = scene.upstream
        deliver_labels(upstream.labels, upstream.loaded.spec, rows, window, batch_of(5))
        scene.let_wait("labels")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(5)}

    def before(self, scene: Scene, act: str) -> None:
        scene.upstream.deliver(5, "labels")

    def require_recovery(self, scene: Scene) -> None:
        labels = scene.stage.ledger.batches.delivery(scene.model, "labels", batch_of(5))
        assert labels is not None
        assert (labels.status, labels.n_rows) == ("accepted", 400)
        scene.require_champion("1", "bootstrap")


class Failed(Drill):
    """A rule in expectations.json is misspelt, so the gate itself breaks."""

    kind: ClassVar[AlertKind] = "failed"
    acts: ClassVar[Names] = ("clear",)
    dags: ClassVar[Names] = CHAIN

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        self._rules(scene, NO_SUCH_RULE)
        scene.upstream.deliver(6)
        scene.let_wait("ingest")

    def values(self, scene: Scene) -> Mapping[str, str]:
        (run,) = scene.runs("ingest")
        return {"dag": run.dag_id, "run": run.run_id, "task": "check_quality"}

    def before(self, scene: Scene, act: str) -> None:
        scene.wait_until(lambda: scene.runs("ingest")[0].state == "failed", "the end of the run")
        self._rules(scene, "[]")

    def require_recovery(self, scene: Scene) -> None:
        assert scene.decided(1).batch == batch_of(6)
        assert len(scene.runs("ingest")) == 1
        scene.require_champion("1", "bootstrap")

    def _rules(self, scene: Scene, text: str) -> None:
        (scene.context.loaded.folder / "expectations.json").write_text(text)


class NoData(Drill):
    """The next delivery does not come in time."""

    kind: ClassVar[AlertKind] = "no_data"
    acts: ClassVar[Names] = ("take",)
    dags: ClassVar[Names] = CHAIN
    rules: ClassVar[Rules] = {"arrivals": {"wait_hours": 0.003}}

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        scene.let_wait("ingest")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(6)}

    def before(self, scene: Scene, act: str) -> None:
        scene.upstream.deliver(6)

    def require_recovery(self, scene: Scene) -> None:
        scene.require_decided(batch_of(6))
        scene.require_champion("1", "bootstrap")


class NoDataOvertaken(NoData):
    """The next delivery does not come, and the one after it is taken in first."""

    acts: ClassVar[Names] = ("redeliver",)
    dags: ClassVar[Names] = (*CHAIN, "redelivery")

    def before(self, scene: Scene, act: str) -> None:
        scene.upstream.deliver(7)
        scene.start("ingest")
        assert scene.decided(1).batch == batch_of(7)
        scene.upstream.deliver(6)

    def require_recovery(self, scene: Scene) -> None:
        scene.require_decided(batch_of(7), batch_of(6))
        scene.require_champion("1", "bootstrap")


class LateDecision(Drill):
    """The training DAG is paused, and a batch has waited for a day."""

    kind: ClassVar[AlertKind] = "late_decision"
    acts: ClassVar[Names] = ("decide",)
    dags: ClassVar[Names] = ()
    is_watched = True

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()

    def break_it(self, scene: Scene) -> None:
        with (
            closing(Database(scene.stage.stack.ledger_url)) as database,
            database.session() as session,
        ):
            row = session.get_one(DeliveryRow, (scene.model, "data", batch_of(5)))
            row.taken_at = datetime.now(UTC) - A_DAY

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"batch": batch_of(5)}

    def require_recovery(self, scene: Scene) -> None:
        scene.require_decided(batch_of(5))
        scene.require_champion("1", "bootstrap")


class AliasMismatch(Drill):
    """Somebody moves the champion alias in MLflow by hand."""

    kind: ClassVar[AlertKind] = "alias_mismatch"
    acts: ClassVar[Names] = ("settle",)
    dags: ClassVar[Names] = ("rollback",)
    is_watched = True

    def seed(self, scene: Scene) -> None:
        scene.seed_settled()
        with scene.stage.one_at_a_time:
            scene.context.registry.register(
                scene.model,
                idempotency_key="by hand",
                model_file=scene.stage.wrong_model,
                tags={},
                metrics={},
                params={},
            )

    def break_it(self, scene: Scene) -> None:
        with scene.stage.one_at_a_time:
            scene.context.registry.set_alias(scene.model, "champion", "2")

    def values(self, scene: Scene) -> Mapping[str, str]:
        return {"version": "1"}

    def require_recovery(self, scene: Scene) -> None:
        row, alias = scene.champion, scene.context.registry.get_alias(scene.model, "champion")
        assert row is not None
        assert alias is not None
        assert (row.kind, row.state) == ("rollback", "committed")
        assert (alias.version, row.version, row.previous_version) == ("1", "1", "2")
