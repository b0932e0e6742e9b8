"""What a policy would have seen at a batch of the past: nothing that was not known by then."""

from collections.abc import Sequence, Set

import pyarrow as pa

from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.decay.measure import ScoredBatch, measure_decay
from evergreen.drift.limits.calibrate import calibrate
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.metrics import higher_is_better
from evergreen.metrics.chance import chance, unit_of
from evergreen.signals import LabelledBatch, ModelFacts, PolicySignals, RivalGain
from evergreen.spec.deciding import Decay, Drift

LOOK_BACK = 3
DECAY = Decay(min_rows=100)
DRIFT = Drift()


class Eyes:
    """Measures drift and decay as the suite does, and gives them as signals."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._stream = models.stream
        metric, known = self._stream.metric, self._stream.target[self._stream.training_rows(0)]
        self._at_chance = chance(metric, n_classes=self._stream.n_classes, target=known)
        self._unit = unit_of(metric, self._at_chance)
        self._rules = DECAY.model_copy(update={"max_drop": DECAY.max_drop * self._unit})
        self._profiles: dict[ModelKey, ReferenceProfile] = {}
        self._drift: dict[tuple[ModelKey, int], DriftMeasurement] = {}

    def see(
        self,
        batch: int,
        *,
        champion: ModelKey,
        rivals: Sequence[ModelKey],
        held: Set[int],
        wants_drift: bool,
        holdout_batches: int = 0,
    ) -> PolicySignals:
        """Return the signals of a batch that has just been scored.

        Args:
            batch: Index of the batch.
            champion: The model that scored it.
            rivals: Former champions.
            held: Batches that were held for a data fault.
            wants_drift: Whether the policy looks at drift and decay at all.
            holdout_batches: Newest labelled batches that a training leaves out, to judge it on.
        """
        stream = self._stream
        newest = batch - stream.label_delay
        labelled = [
            self._labelled(number, champion, rivals, is_suspect=number in held)
            for number in range(max(0, newest - LOOK_BACK + 1), newest + 1)
        ]
        rows = stream.training_rows(newest + 1)
        return PolicySignals(
            batch=stream.day_of(batch),
            number=batch,
            champion_version=champion.version,
            champion=_facts(champion),
            rivals=tuple(_facts(key) for key in rivals),
            labelled=tuple(labelled),
            window_batches=self._window_batches(newest + 1),
            holdout_batches=holdout_batches,
            chance=self._at_chance,
            unit=self._unit,
            higher_is_better=higher_is_better(stream.metric),
            drift=self._drifted(champion, batch) if wants_drift else None,
            decay=self._decayed(champion, newest, held) if wants_drift else None,
            n_training_rows=rows.stop - rows.start,
            n_holdout_rows=None,
        )

    def _labelled(
        self, number: int, champion: ModelKey, rivals: Sequence[ModelKey], *, is_suspect: bool
    ) -> LabelledBatch:
        if number < champion.edge:
            return LabelledBatch(number=number, champion=None, is_suspect=is_suspect)
        gains = {
            key: self._models.gain(key, champion, number) for key in rivals if number >= key.edge
        }
        return LabelledBatch(
            number=number,
            batch=self._stream.day_of(number),
            champion=self._models.estimate(champion, number),
            rivals=tuple(
                RivalGain(version=key.version, gain=gain[0], se=gain[1])
                for key, gain in gains.items()
                if gain is not None
            ),
            is_suspect=is_suspect,
        )

    def _window_batches(self, edge: int) -> float:
        rows = self._stream.training_rows(edge)
        mean_batch = (self._stream.edges[-1] - self._stream.edges[0]) / self._stream.n_batches
        return float(max(1.0, (rows.stop - rows.start) / mean_batch))

    def _drifted(self, champion: ModelKey, batch: int) -> DriftMeasurement:
        if (champion, batch) not in self._drift:
            rows = self._stream.rows(batch)
            table = self._stream.table.slice(rows.start, rows.stop - rows.start)
            self._drift[champion, batch] = measure_drift(
                self._profile(champion),
                table.to_batches(),
                DRIFT,
                batches_per_year=self._stream.batches_per_year,
            )
        return self._drift[champion, batch]

    def _profile(self, champion: ModelKey) -> ReferenceProfile:
        if champion not in self._profiles:
            rows = pa.array(self._models.training_rows(champion))
            table = self._stream.table.take(rows)
            size = int(self._stream.edges[1] - self._stream.edges[0])
            cuts = range(0, table.num_rows - size + 1, size)
            self._profiles[champion] = calibrate(
                build_profile(table, self._stream.features),
                [table.slice(start, size).to_batches() for start in cuts],
            )
        return self._profiles[champion]

    def _decayed(self, champion: ModelKey, newest: int, held: Set[int]) -> DecayMeasurement:
        """Measure decay against the first batch that the champion has scored with labels."""
        numbers = [n for n in range(champion.edge, newest + 1) if n not in held]
        scored = [
            ScoredBatch(
                batch=f"{number:08d}",
                prediction=self._models.scores(champion, number),
                target=self._models.truth(number),
                n_scored=self._models.truth(number).size,
            )
            for number in numbers[1:][-DECAY.window_batches :]
        ]
        reference = self._models.estimate(champion, numbers[0]) if numbers else None
        return measure_decay(
            scored, metric=self._stream.metric, reference=reference, rules=self._rules
        )


def _facts(key: ModelKey) -> ModelFacts:
    return ModelFacts(version=key.version, trained_through=key.edge, fraction=key.fraction)
