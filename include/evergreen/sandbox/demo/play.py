"""The play itself: a history, then week after week; what comes of it is up to the data."""

import time

from evergreen import dag_ids
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, Delivery, DeliveryKind
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.screen import Screen
from evergreen.sandbox.demo.story import BatchStory, Kind
from evergreen.sandbox.demo.upstream import Upstream, Week
from evergreen.sandbox.demo.watch import Watch
from evergreen.sandbox.services.airflow_api import AirflowApi, DagRun

REASON = "the demo asks for a retrain by hand"


class Play:
    """Delivers, waits for what follows, and tells it.

    Args:
        model: Name of the model.
        upstream: Delivers.
        ledger: Where decisions are read.
        api: Where the forced run is asked for.
        watch: Waits.
        screen: Shows.
        options: What was asked of the demo.
    """

    def __init__(
        self,
        model: str,
        *,
        upstream: Upstream,
        ledger: Ledger,
        api: AirflowApi,
        watch: Watch,
        screen: Screen,
        options: DemoOptions,
    ) -> None:
        self._model = model
        self._upstream = upstream
        self._ledger = ledger
        self._api = api
        self._watch = watch
        self._screen = screen
        self._options = options
        self._stories: list[BatchStory] = []
        self._is_forced = False

    def run(self) -> list[BatchStory]:
        """Play all weeks.

        Raises:
            ServiceError: A run failed, or a batch got stuck; says where and why.
        """
        before: Week | None = None
        for week in self._upstream.weeks:
            if before is not None:
                self._deliver_labels(before)
            story = self._play_week(week)
            if self._is_time_to_force(week, story):
                self._force(week)
            before = week
        return self._stories

    def _play_week(self, week: Week) -> BatchStory:
        started = time.monotonic()
        known = {run.run_id for run in self._watch.ended("ingest")}
        manifest = self._upstream.deliver(week)
        broken = f", broken by upstream ({week.fault})" if week.fault else ""
        self._screen.say(f"landed {week.batch}: {manifest.n_rows:,} flights{broken}")
        delivery = self._delivered("data", week.batch)
        if delivery.status == "rejected":
            ingested = self._new_runs("ingest", known, week.batch)
            return self._add(
                BatchStory.of_rejection(
                    delivery,
                    fault=week.fault,
                    champion=self._champion(),
                    seconds=time.monotonic() - started,
                    steps=self._watch.steps(ingested),
                )
            )
        decision = self._decided(week.batch, set())
        runs = [
            *self._new_runs("ingest", known, week.batch),
            *self._watch.about("score", week.batch),
            *self._runs_of(decision),
        ]
        return self._tell(
            delivery,
            decision,
            kind="weekly" if week.number else "history",
            started=started,
            runs=runs,
        )

    def _deliver_labels(self, week: Week) -> None:
        known = {run.run_id for run in self._watch.ended("labels")}
        manifest = self._upstream.deliver_labels(week)
        self._screen.say(f"landed labels of {week.batch}: {manifest.n_rows:,}")
        delivery = self._delivered("labels", week.batch)
        self._new_runs("labels", known, week.batch)
        if delivery.status != "accepted":
            self._screen.say(f"labels of {week.batch} {delivery.status}: {delivery.sentence}")

    def _is_time_to_force(self, week: Week, story: BatchStory) -> bool:
        if self._is_forced or week.number < self._options.force_from_week:
            return False
        is_last = week is self._upstream.weeks[-1]
        return story.outcome == "stood_down" or (is_last and story.gate == "accepted")

    def _force(self, week: Week) -> None:
        """Ask for a retrain as a person does, by the conf of a DAG run, and wait for its end."""
        self._is_forced = True
        started = time.monotonic()
        known = {decision.id for decision in self._decisions(week.batch)}
        conf = {"force_retrain": True, "reason": REASON, "batch": week.batch}
        self._screen.say(f"a person forces a retrain on {week.batch}: {conf}")
        self._api.trigger(dag_ids.dag_id(dag_ids.CONTINUAL_TRAINING, self._model), conf)
        decision = self._decided(week.batch, known)
        self._tell(
            self._delivered("data", week.batch),
            decision,
            kind="forced",
            started=started,
            runs=self._runs_of(decision),
        )

    def _tell(
        self,
        delivery: Delivery,
        decision: Decision,
        *,
        kind: Kind,
        started: float,
        runs: list[DagRun],
    ) -> BatchStory:
        return self._add(
            BatchStory.of_decision(
                delivery,
                decision,
                kind=kind,
                seconds=time.monotonic() - started,
                steps=self._watch.steps(runs),
            )
        )

    def _add(self, story: BatchStory) -> BatchStory:
        story = story.model_copy(update={"seconds": round(story.seconds, 1)})
        self._stories.append(story)
        self._screen.add(story)
        return story

    def _delivered(self, kind: DeliveryKind, batch: str) -> Delivery:
        def find() -> Delivery | None:
            found = self._ledger.batches.delivery(self._model, kind, batch)
            return None if found is None or found.status == "received" else found

        return self._watch.until(find, f"gate of {kind} {batch}")

    def _decided(self, batch: str, known: set[str]) -> Decision:
        def find() -> Decision | None:
            new = [d for d in self._decisions(batch) if d.id not in known]
            return next((d for d in new if d.closed_at is not None), None)

        return self._watch.until(find, f"decision about {batch}")

    def _new_runs(self, kind: str, known: set[str], batch: str) -> list[DagRun]:
        """Wait for the end of the run that took a delivery in; deliveries come one by one."""

        def find() -> list[DagRun] | None:
            return [run for run in self._watch.ended(kind) if run.run_id not in known] or None

        return self._watch.until(find, f"end of {kind} of {batch}")

    def _runs_of(self, decision: Decision) -> list[DagRun]:
        dag_id = dag_ids.dag_id(dag_ids.CONTINUAL_TRAINING, self._model)

        def find() -> list[DagRun] | None:
            run = self._api.run(dag_id, decision.run_id)
            return [run] if run.has_ended else None

        return self._watch.until(find, f"end of the run that decided about {decision.batch}")

    def _decisions(self, batch: str) -> list[Decision]:
        return list(self._ledger.decisions.of_batch(self._model, batch))

    def _champion(self) -> str | None:
        latest = self._ledger.promotions.latest(self._model)
        return None if latest is None else latest.version
