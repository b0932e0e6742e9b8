"""What the policy sees of a model: champion, former champions, and the newest labelled batches."""

import logging
import math
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from evergreen.data.batches import batch_start
from evergreen.errors import EvergreenError
from evergreen.ledger.records import Delivery, PredictionLog
from evergreen.signals import LabelledBatch, ModelFacts, RivalGain
from evergreen.workflows.decide.score import log_scores
from evergreen.workflows.ingest.labelled_data import in_incident, matured, scored_with
from evergreen.workflows.ingest.quality_gate import read_snapshot
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch

log = logging.getLogger(__name__)

SECONDS_PER_DAY = 86400.0
LOOK_BACK = 3
BATCHES_TO_SCORE = 2
MAX_RIVALS = 3
ROUNDING = 1e-6


class Eyes:
    """Looks at the ledger and the store as of one batch; nothing newer is seen.

    Args:
        context: The model's spec and adapters.
        batch: Id of the batch that is decided about.
        champion: The version that is champion for this decision, None before the first.
        scratch: Folder in the store for a dry run: late scores go there, not to the ledger.
    """

    def __init__(
        self, context: ModelContext, batch: str, champion: str | None, *, scratch: str | None = None
    ) -> None:
        self._bench = context
        self._batch = batch
        self._champion = champion
        self._scratch = scratch
        self._start = _start_of(context, batch)

    @property
    def position(self) -> int:
        """Position of the batch: its place in time, in steps of the model's cadence."""
        days = self._start.timestamp() / SECONDS_PER_DAY
        return math.floor(days / self._bench.spec.arrivals.every_days + ROUNDING)

    def facts(self, version: str) -> ModelFacts:
        """Return what a policy may know of a version."""
        trained = self._bench.ledger.versions.get(self._bench.spec.name, version).trained
        window = self._bench.spec.windows.training_days
        return ModelFacts(
            version=version,
            trained_through=self._position_from(trained.window.end),
            fraction=min(1.0, max(0.01, round(trained.window.days / window, 2))),
        )

    @cached_property
    def champion(self) -> ModelFacts | None:
        """The champion of this decision."""
        return None if self._champion is None else self.facts(self._champion)

    @property
    def batches_since_champion(self) -> int | None:
        """Batches that came after what the champion learnt from, this one included."""
        return None if self.champion is None else self.position + 1 - self.champion.trained_through

    @cached_property
    def rivals(self) -> tuple[ModelFacts, ...]:
        """The former champions, newest first, that the registry still holds.

        Former as of this decision: what it has promoted itself, in an earlier try, is none. A
        version that was rolled back is none either, until it is promoted again.
        """
        from evergreen.promotion.watch import set_aside

        history = self._bench.ledger.promotions.history(self._bench.spec.name)
        reigns = [row.version for row in reversed(history)]
        if self._champion in reigns:
            reigns = reigns[reigns.index(self._champion) :]
        aside = {self._champion, *set_aside(history)}
        versions = [version for version in dict.fromkeys(reigns) if version not in aside]
        found: list[ModelFacts] = []
        for version in versions:
            if len(found) == MAX_RIVALS:
                break
            if self._bench.registry.get_version(self._bench.spec.name, version) is not None:
                found.append(self.facts(version))
        return tuple(found)

    def labelled(self) -> tuple[LabelledBatch, ...]:
        """The newest labelled batches; models that lack scores on the newest are let score."""
        from evergreen.metrics import estimate, paired_gain

        if self.champion is None:
            return ()
        metric = self._bench.spec.metric
        held = self._bench.ledger.decisions.held_batches(self._bench.spec.name)
        newest = matured(self._bench, before=self._batch)[-LOOK_BACK:]
        found = []
        for place, delivery in enumerate(newest):
            is_new = place >= len(newest) - BATCHES_TO_SCORE
            position = self._position_of(delivery)
            is_suspect = delivery.batch in held or in_incident(self._bench, delivery)
            mine = self._scores(self.champion, delivery, position, is_new=is_new)
            rivals = []
            for rival in self.rivals if mine is not None else ():
                its = self._scores(rival, delivery, position, is_new=is_new)
                if its is None or mine is None or its.target.size != mine.target.size:
                    continue
                gain, se = paired_gain(metric, mine.target, mine.prediction, its.prediction)
                if gain is not None and se is not None:
                    rivals.append(RivalGain(version=rival.version, gain=gain, se=se))
            found.append(
                LabelledBatch(
                    position=position,
                    champion=estimate(metric, mine.target, mine.prediction) if mine else None,
                    rivals=tuple(rivals),
                    is_suspect=is_suspect,
                )
            )
        return tuple(found)

    def arrived(self) -> tuple[LabelledBatch, ...]:
        """Return the newest labelled batches without scores, for policies that ask for none."""
        newest = matured(self._bench, before=self._batch)[-LOOK_BACK:]
        return tuple(
            LabelledBatch(position=self._position_of(delivery), champion=None)
            for delivery in newest
        )

    def n_new_rows(self, since: int | None) -> int | None:
        """Count the labelled rows that came since a training; None when there was none."""
        if since is None:
            return None
        newer = matured(self._bench, before=self._batch)
        return sum(d.n_rows or 0 for d in newer if self._position_of(d) >= since)

    def _scores(
        self, model: ModelFacts, delivery: Delivery, position: int, *, is_new: bool
    ) -> "ScoredBatch | None":
        """A model's scores on a batch that it has not learnt from; None where there are none.

        Labels that cover too few of the rows give none: what came first may not be typical.
        """
        if position < model.trained_through:
            return None
        logged = self._logged(model.version, delivery.batch)
        if logged is None and is_new:
            logged = self._score(model.version, delivery.batch)
        if logged is None:
            return None
        scored = scored_with(self._bench, logged)
        is_covered = scored.target.size >= self._bench.spec.decay.min_coverage * scored.n_scored
        return scored if is_covered else None

    def _logged(self, version: str, batch: str) -> PredictionLog | None:
        name = self._bench.spec.name
        logs = self._bench.ledger.batches.predictions(name, version=version, batch=batch)
        return logs[0] if logs else None

    def _score(self, version: str, batch: str) -> PredictionLog | None:
        """Score a labelled batch late; a version that cannot is left out, and the log says so."""
        name = self._bench.spec.name
        delivery = self._bench.ledger.batches.delivery(name, "data", batch)
        if delivery is None or delivery.path is None:
            return None
        try:
            rows = read_snapshot(self._bench, delivery)
            return log_scores(self._bench, version, batch, rows, scratch=self._scratch)
        except EvergreenError as err:
            log.warning("%s v%s cannot score batch %s: %s", name, version, batch, err)
            return None

    def _position_of(self, delivery: Delivery) -> int:
        return self._position_from(_start_of(self._bench, delivery.batch))

    def _position_from(self, moment: datetime) -> int:
        """Return the position of the first batch that begins at or after a moment."""
        days = (self._start - moment).total_seconds() / SECONDS_PER_DAY
        return self.position - math.floor(days / self._bench.spec.arrivals.every_days + ROUNDING)


def _start_of(context: ModelContext, batch: str) -> datetime:
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    if delivery is not None and delivery.window is not None:
        return delivery.window.start
    return batch_start(batch)
