"""The play against a world that answers at once: which steps follow which, and what is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from builders.ledger_rows import add_decision, add_delivery, week_of
from evergreen.landing.deliver import PlannedBatch
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.play import Play
from evergreen.sandbox.demo.story import BatchStory
from evergreen.sandbox.demo.upstream import Upstream, Week
from evergreen.sandbox.demo.watch import Watch
from evergreen.sandbox.services.airflow_api import AirflowApi, DagRun
from evergreen.signals import Request

BATCHES = ("2013-01-01", "2013-02-12", "2013-02-19", "2013-02-26", "2013-03-05")
OPTIONS = DemoOptions(weeks=4)
Found = TypeVar("Found")


@dataclass(frozen=True)
class Landed:
    n_rows: int = 6000


class World:
    """Upstream, Airflow and the watch in one: what is delivered is taken in and decided at once.

    ``outcomes`` says what comes of a batch; stood down where it says nothing.
    """

    def __init__(self, ledger: Ledger, outcomes: dict[str, str]) -> None:
        self.ledger = ledger
        self.outcomes = outcomes
        self.seen: list[str] = []
        self.said: list[str] = []
        self.stories: list[BatchStory] = []
        self.weeks = tuple(
            Week(
                number,
                PlannedBatch(batch, week_of(batch)),
                "half_missing" if number == OPTIONS.broken_week else None,
            )
            for number, batch in enumerate(BATCHES)
        )
        self._ended: dict[str, list[DagRun]] = {"ingest": [], "labels": []}

    def deliver(self, week: Week) -> Landed:
        self.seen.append(f"data {week.batch}")
        self._end("ingest", week.batch)
        if week.fault:
            add_delivery(self.ledger, week.batch, broken_rule="half of temp is null")
        else:
            add_delivery(self.ledger, week.batch)
            self._decide(week.batch, self.outcomes.get(week.batch, "stood_down"), "asset__1")
        return Landed()

    def deliver_labels(self, week: Week) -> Landed:
        self.seen.append(f"labels {week.batch}")
        self._end("labels", week.batch)
        self.ledger.batches.record_refusal(
            "flights", "labels", week.batch, status="skipped", sentence="put aside"
        )
        return Landed()

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> None:
        self.seen.append(f"{dag_id} {conf['batch']}")
        request = Request(force_retrain=True, reason=conf["reason"], requested_by="admin")
        self._decide(conf["batch"], "kept", "manual__1", request=request)

    def run(self, dag_id: str, run_id: str) -> DagRun:
        return make_run(dag_id, run_id)

    def ended(self, kind: str) -> list[DagRun]:
        return list(self._ended[kind])

    def about(self, kind: str, batch: str) -> list[DagRun]:
        return [make_run(kind, batch)]

    def steps(self, runs: list[DagRun]) -> dict[str, float]:
        return {run.dag_id: 1.0 for run in runs}

    def until(self, find: Callable[[], Found | None], what: str) -> Found:
        found = find()
        assert found is not None, what
        return found

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def now(self, doing: str) -> None:
        """Show nothing."""

    def alert(self, text: str) -> None:
        """Show nothing."""

    def add(self, story: BatchStory) -> None:
        self.stories.append(story)

    def _end(self, kind: str, batch: str) -> None:
        self._ended[kind].append(make_run(kind, batch))

    def _decide(
        self, batch: str, outcome: str, run_id: str, request: Request | None = None
    ) -> None:
        decision = add_decision(self.ledger, batch, run_id=run_id, request=request)
        self.ledger.decisions.close(
            decision.id,
            outcome=cast(Any, outcome),
            sentence="so it came",
            challenger_version=None,
            champion_after="1",
            evaluation=None,
            report_path=None,
        )


def make_run(dag_id: str, run_id: str) -> DagRun:
    return DagRun(dag_id=dag_id, run_id=run_id, state="success", run_type="scheduled")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.migrate()
        yield ledger


def play(ledger: Ledger, **outcomes: str) -> tuple[World, list[BatchStory]]:
    world = World(ledger, {name.strip("d").replace("_", "-"): o for name, o in outcomes.items()})
    stories = Play(
        "flights",
        upstream=cast(Upstream, world),
        ledger=ledger,
        api=cast(AirflowApi, world),
        watch=cast(Watch, world),
        screen=world,
        options=OPTIONS,
    ).run()
    return world, stories


def test_labels_of_a_batch_come_before_the_next_batch(ledger: Ledger) -> None:
    world, _ = play(ledger)

    assert [step for step in world.seen if step.split()[0] in ("data", "labels")] == [
        "data 2013-01-01",
        "labels 2013-01-01",
        "data 2013-02-12",
        "labels 2013-02-12",
        "data 2013-02-19",
        "labels 2013-02-19",
        "data 2013-02-26",
        "labels 2013-02-26",
        "data 2013-03-05",
    ]


def test_every_batch_is_told_in_its_kind(ledger: Ledger) -> None:
    world, stories = play(ledger)

    assert [(story.batch, story.kind) for story in stories] == [
        ("2013-01-01", "history"),
        ("2013-02-12", "weekly"),
        ("2013-02-19", "weekly"),
        ("2013-02-26", "weekly"),
        ("2013-02-26", "forced"),
        ("2013-03-05", "weekly"),
    ]
    assert world.stories == stories


def test_the_broken_batch_is_told_as_rejected(ledger: Ledger) -> None:
    _, stories = play(ledger)

    (rejected,) = [story for story in stories if story.verdict == "rejected"]
    assert rejected.fault == "half_missing"
    assert rejected.steps == {"ingest": 1.0}


def test_a_retrain_is_forced_on_the_first_batch_that_stands_down(ledger: Ledger) -> None:
    world, stories = play(ledger, d2013_02_26="promoted")

    (forced,) = [story for story in stories if story.kind == "forced"]
    assert forced.batch == "2013-03-05"
    assert forced.reason
    assert world.seen[-1] == "continual_training__flights 2013-03-05"


def test_a_retrain_is_forced_on_the_last_batch_when_none_stands_down(ledger: Ledger) -> None:
    _, stories = play(ledger, d2013_02_26="promoted", d2013_03_05="kept")

    assert [(s.batch, s.outcome) for s in stories if s.kind == "forced"] == [("2013-03-05", "kept")]


def test_labels_that_were_put_aside_are_told(ledger: Ledger) -> None:
    world, _ = play(ledger)

    assert any("skipped: put aside" in sentence for sentence in world.said)


def test_steps_come_from_all_runs_of_a_batch(ledger: Ledger) -> None:
    _, stories = play(ledger)

    assert set(stories[1].steps) == {"ingest", "score", "continual_training__flights"}
