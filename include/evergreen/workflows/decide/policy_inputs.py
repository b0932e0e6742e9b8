"""What a policy is given of a model: champion, former champions, newest labelled batches."""

import logging
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from evergreen.data.batches import ROUNDING, BatchNumbers, period
from evergreen.errors import EvergreenError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, PredictionLog
from evergreen.records import Window
from evergreen.signals import EPOCH, LabelledBatch, ModelFacts, PolicyState, RivalGain
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.score import ScoringAccess, log_scores
from evergreen.workflows.ingest.labelled_data import in_excluded_span, matured, scored_with
from evergreen.workflows.ingest.quality_gate import read_snapshot

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch

log = logging.getLogger(__name__)

LOOK_BACK = 3
BATCHES_TO_SCORE = 2
MAX_RIVALS = 3


def recounted(spec: ModelSpec, ledger: Ledger, batch: str, state: PolicyState) -> PolicyState:
    """Return the memory with batch numbers counted as in the decision about ``batch``.

    Older memories counted periods since 1970, and a batch before the first one may have been
    accepted since.
    """
    known = state.counted_from
    numbers = _numbers_of(spec, ledger, batch, known)
    by = 0 if known is None else numbers.shift_from(known)
    return state.renumbered(by=by, counted_from=numbers.start)


class PolicyInputs:
    """What ledger and store hold as of one batch; nothing newer is read.

    Args:
        access: The model's spec, rows and models.
        batch: Id of the batch that is decided about.
        champion: The version that is champion for this decision, None before the first.
        counted_from: Where the memory of the policy counts batches from; None: nowhere yet.
        scratch: Folder in the store for a dry run: late scores go there, not to the ledger.
    """

    def __init__(
        self,
        access: ScoringAccess,
        batch: str,
        champion: str | None,
        *,
        counted_from: datetime | None = None,
        scratch: str | None = None,
    ) -> None:
        self._access = access
        self._spec, self._ledger = access.spec, access.ledger
        self._batch = batch
        self._champion = champion
        self._scratch = scratch
        self._numbers = _numbers_of(access.spec, access.ledger, batch, counted_from)

    @property
    def number(self) -> int:
        """Number of the batch, counted from the model's first accepted one."""
        return self._number_of(self._batch)

    def facts(self, version: str) -> ModelFacts:
        """Return what a policy may know of a version."""
        trained = self._ledger.versions.get(self._spec.name, version).trained
        window = self._spec.windows.training_days
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

        Former as of this decision: a version that an earlier try of it promoted does not count.
        Nor does a version that was rolled back, until it is promoted again.
        """
        from evergreen.promotion.watch import set_aside

        history = self._ledger.promotions.history(self._spec.name)
        reigns = [row.version for row in reversed(history)]
        if self._champion in reigns:
            reigns = reigns[reigns.index(self._champion) :]
        aside = {self._champion, *set_aside(history)}
        versions = [version for version in dict.fromkeys(reigns) if version not in aside]
        found: list[ModelFacts] = []
        for version in versions:
            if len(found) == MAX_RIVALS:
                break
            if self._access.open_registry().get_version(self._spec.name, version) is not None:
                found.append(self.facts(version))
        return tuple(found)

    def labelled(self) -> tuple[LabelledBatch, ...]:
        """The newest labelled batches; models without scores on the newest two score them now."""
        from evergreen.metrics import estimate, paired_gain

        if self.champion is None:
            return ()
        metric = self._spec.metric
        quarantined = self._ledger.decisions.quarantined_batches(self._spec.name)
        newest = matured(self._ledger, self._spec.name, before=self._batch)[-LOOK_BACK:]
        found = []
        for place, delivery in enumerate(newest):
            is_new = place >= len(newest) - BATCHES_TO_SCORE
            is_suspect = delivery.batch in quarantined or in_excluded_span(self._spec, delivery)
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
        newest = matured(self._ledger, self._spec.name, before=self._batch)[-LOOK_BACK:]
        return tuple(
            LabelledBatch(
                number=self._number_of(delivery.batch), batch=delivery.batch, champion=None
            )
            for delivery in newest
        )

    def n_new_rows(self, since: int | None) -> int | None:
        """Return the number of labelled rows since a training; None when there was none."""
        if since is None:
            return None
        newer = matured(self._ledger, self._spec.name, before=self._batch)
        return sum(d.n_rows or 0 for d in newer if self._number_of(d.batch) >= since)

    def _scores(
        self, model: ModelFacts, delivery: Delivery, *, is_new: bool
    ) -> "ScoredBatch | None":
        """Return a model's scores on a batch that it has not learnt from; None: there are none.

        None too while labels cover too few of the rows: the first to come may not be typical.
        """
        if self._has_learnt_from(model.version, delivery.batch):
            return None
        logged = self._logged(model.version, delivery.batch)
        if logged is None and is_new:
            logged = self._score(model.version, delivery.batch)
        if logged is None:
            return None
        scored = scored_with(self._spec, self._access.store, logged)
        is_covered = scored.target.size >= self._spec.decay.min_coverage * scored.n_scored
        return scored if is_covered else None

    def _logged(self, version: str, batch: str) -> PredictionLog | None:
        name = self._spec.name
        logs = self._ledger.batches.predictions(name, version=version, batch=batch)
        return logs[0] if logs else None

    def _score(self, version: str, batch: str) -> PredictionLog | None:
        """Score a labelled batch late; a version that cannot is left out, and the log says so."""
        name = self._spec.name
        delivery = self._ledger.batches.delivery(name, "data", batch)
        if delivery is None or delivery.path is None:
            return None
        try:
            rows = read_snapshot(self._access.store, delivery)
            return log_scores(self._access, version, batch, rows, scratch=self._scratch)
        except EvergreenError as err:
            log.warning("%s v%s cannot score batch %s: %s", name, version, batch, err)
            return None

    def _number_of(self, batch: str) -> int:
        return self._numbers.number_of(_window_of(self._spec, self._ledger, batch))

    def _has_learnt_from(self, version: str, batch: str) -> bool:
        """Return whether a version has learnt from any part of a batch, however long that is."""
        trained = self._ledger.versions.get(self._spec.name, version).trained
        learnt = trained.window.end - _window_of(self._spec, self._ledger, batch).start
        return learnt.total_seconds() > ROUNDING


def _window_of(spec: ModelSpec, ledger: Ledger, batch: str) -> Window:
    delivery = ledger.batches.delivery(spec.name, "data", batch)
    if delivery is not None and delivery.window is not None:
        return delivery.window
    return period(batch, every_days=spec.arrivals.every_days)


def _numbers_of(
    spec: ModelSpec, ledger: Ledger, batch: str, counted_from: datetime | None
) -> BatchNumbers:
    """Return how batches are counted: as the memory does, or from the first accepted one."""
    every_days = spec.arrivals.every_days
    first = ledger.batches.first_accepted(spec.name)
    window = first.window if first is not None else None
    window = window or _window_of(spec, ledger, batch)
    if counted_from in (None, EPOCH):
        return BatchNumbers.of_first(window, every_days=every_days)
    return BatchNumbers(counted_from, every_days).reaching(window)
