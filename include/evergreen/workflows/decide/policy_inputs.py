"""What the policy sees of a model: champion, former champions, and the newest labelled batches."""

import logging
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from evergreen.data.batches import ROUNDING, BatchNumbers, period
from evergreen.errors import EvergreenError
from evergreen.ledger.records import Delivery, PredictionLog
from evergreen.records import Window
from evergreen.signals import EPOCH, LabelledBatch, ModelFacts, PolicyState, RivalGain
from evergreen.workflows.decide.score import log_scores
from evergreen.workflows.ingest.labelled_data import in_incident, matured, scored_with
from evergreen.workflows.ingest.quality_gate import read_snapshot
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch

log = logging.getLogger(__name__)

LOOK_BACK = 3
BATCHES_TO_SCORE = 2
MAX_RIVALS = 3


def recounted(context: ModelContext, batch: str, state: PolicyState) -> PolicyState:
    """Return a memory whose numbers count as those of the decision about ``batch`` do.

    Memories of before counted periods since 1970, and a batch older than the first may have been
    accepted meanwhile.
    """
    known = state.counted_from
    numbers = _numbers_of(context, batch, known)
    by = 0 if known is None else numbers.shift_from(known)
    return state.renumbered(by=by, counted_from=numbers.start)


class Eyes:
    """Looks at the ledger and the store as of one batch; nothing newer is seen.

    Args:
        context: The model's spec and adapters.
        batch: Id of the batch that is decided about.
        champion: The version that is champion for this decision, None before the first.
        counted_from: Where the memory of the policy counts batches from; None: nowhere yet.
        scratch: Folder in the store for a dry run: late scores go there, not to the ledger.
    """

    def __init__(
        self,
        context: ModelContext,
        batch: str,
        champion: str | None,
        *,
        counted_from: datetime | None = None,
        scratch: str | None = None,
    ) -> None:
        self._context = context
        self._batch = batch
        self._champion = champion
        self._scratch = scratch
        self._numbers = _numbers_of(context, batch, counted_from)

    @property
    def number(self) -> int:
        """Number of the batch, counted from the model's first accepted one."""
        return self._number_of(self._batch)

    def facts(self, version: str) -> ModelFacts:
        """Return what a policy may know of a version."""
        trained = self._context.ledger.versions.get(self._context.spec.name, version).trained
        window = self._context.spec.windows.training_days
        return ModelFacts(
            version=version,
            trained_through=self._numbers.first_from(trained.window.end),
            fraction=min(1.0, max(0.01, round(trained.window.days / window, 2))),
        )

    @cached_property
    def champion(self) -> ModelFacts | None:
        """The champion of this decision."""
        return None if self._champion is None else self.facts(self._champion)

    @property
    def batches_since_champion(self) -> int | None:
        """Batches that came after what the champion learnt from, this one included.

        0 where a batch of the past is decided about again, and the champion has learnt from it.
        """
        if self.champion is None:
            return None
        return max(0, self.number + 1 - self.champion.trained_through)

    @cached_property
    def rivals(self) -> tuple[ModelFacts, ...]:
        """The former champions, newest first, that the registry still holds.

        Former as of this decision: what it has promoted itself, in an earlier try, is none. A
        version that was rolled back is none either, until it is promoted again.
        """
        from evergreen.promotion.watch import set_aside

        history = self._context.ledger.promotions.history(self._context.spec.name)
        reigns = [row.version for row in reversed(history)]
        if self._champion in reigns:
            reigns = reigns[reigns.index(self._champion) :]
        aside = {self._champion, *set_aside(history)}
        versions = [version for version in dict.fromkeys(reigns) if version not in aside]
        found: list[ModelFacts] = []
        for version in versions:
            if len(found) == MAX_RIVALS:
                break
            if self._context.registry.get_version(self._context.spec.name, version) is not None:
                found.append(self.facts(version))
        return tuple(found)

    def labelled(self) -> tuple[LabelledBatch, ...]:
        """The newest labelled batches; models that lack scores on the newest are let score."""
        from evergreen.metrics import estimate, paired_gain

        if self.champion is None:
            return ()
        metric = self._context.spec.metric
        held = self._context.ledger.decisions.held_batches(self._context.spec.name)
        newest = matured(self._context, before=self._batch)[-LOOK_BACK:]
        found = []
        for place, delivery in enumerate(newest):
            is_new = place >= len(newest) - BATCHES_TO_SCORE
            is_suspect = delivery.batch in held or in_incident(self._context, delivery)
            mine = self._scores(self.champion, delivery, is_new=is_new)
            rivals = []
            for rival in self.rivals if mine is not None else ():
                its = self._scores(rival, delivery, is_new=is_new)
                if its is None or mine is None or its.target.size != mine.target.size:
                    continue
                gain, se = paired_gain(metric, mine.target, mine.prediction, its.prediction)
                if gain is not None and se is not None:
                    rivals.append(RivalGain(version=rival.version, gain=gain, se=se))
            found.append(
                LabelledBatch(
                    number=self._number_of(delivery.batch),
                    batch=delivery.batch,
                    champion=estimate(metric, mine.target, mine.prediction) if mine else None,
                    rivals=tuple(rivals),
                    is_suspect=is_suspect,
                )
            )
        return tuple(found)

    def arrived(self) -> tuple[LabelledBatch, ...]:
        """Return the newest labelled batches without scores, for policies that ask for none."""
        newest = matured(self._context, before=self._batch)[-LOOK_BACK:]
        return tuple(
            LabelledBatch(
                number=self._number_of(delivery.batch), batch=delivery.batch, champion=None
            )
            for delivery in newest
        )

    def n_new_rows(self, since: int | None) -> int | None:
        """Count the labelled rows that came since a training; None when there was none."""
        if since is None:
            return None
        newer = matured(self._context, before=self._batch)
        return sum(d.n_rows or 0 for d in newer if self._number_of(d.batch) >= since)

    def _scores(
        self, model: ModelFacts, delivery: Delivery, *, is_new: bool
    ) -> "ScoredBatch | None":
        """A model's scores on a batch that it has not learnt from; None where there are none.

        Labels that cover too few of the rows give none: what came first may not be typical.
        """
        if self._has_learnt_from(model.version, delivery.batch):
            return None
        logged = self._logged(model.version, delivery.batch)
        if logged is None and is_new:
            logged = self._score(model.version, delivery.batch)
        if logged is None:
            return None
        scored = scored_with(self._context, logged)
        is_covered = scored.target.size >= self._context.spec.decay.min_coverage * scored.n_scored
        return scored if is_covered else None

    def _logged(self, version: str, batch: str) -> PredictionLog | None:
        name = self._context.spec.name
        logs = self._context.ledger.batches.predictions(name, version=version, batch=batch)
        return logs[0] if logs else None

    def _score(self, version: str, batch: str) -> PredictionLog | None:
        """Score a labelled batch late; a version that cannot is left out, and the log says so."""
        name = self._context.spec.name
        delivery = self._context.ledger.batches.delivery(name, "data", batch)
        if delivery is None or delivery.path is None:
            return None
        try:
            rows = read_snapshot(self._context, delivery)
            return log_scores(self._context, version, batch, rows, scratch=self._scratch)
        except EvergreenError as err:
            log.warning("%s v%s cannot score batch %s: %s", name, version, batch, err)
            return None

    def _number_of(self, batch: str) -> int:
        return self._numbers.number_of(_window_of(self._context, batch))

    def _has_learnt_from(self, version: str, batch: str) -> bool:
        """Return whether a version has learnt from any part of a batch, however long that is."""
        trained = self._context.ledger.versions.get(self._context.spec.name, version).trained
        learnt = trained.window.end - _window_of(self._context, batch).start
        return learnt.total_seconds() > ROUNDING


def _window_of(context: ModelContext, batch: str) -> Window:
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    if delivery is not None and delivery.window is not None:
        return delivery.window
    return period(batch, every_days=context.spec.arrivals.every_days)


def _numbers_of(context: ModelContext, batch: str, counted_from: datetime | None) -> BatchNumbers:
    """Return how batches are counted: as the memory does, or from the first accepted one."""
    every_days = context.spec.arrivals.every_days
    first = context.ledger.batches.first_accepted(context.spec.name)
    window = first.window if first is not None else None
    window = window or _window_of(context, batch)
    if counted_from in (None, EPOCH):
        return BatchNumbers.of_first(window, every_days=every_days)
    return BatchNumbers(counted_from, every_days).reaching(window)
