"""What a policy is given, what it remembers, and what it answers: records, like those of all rooms.

Batches have *numbers*: 0 for a model's first accepted batch, and one more for each period that has
passed since (``data/batches.py`` says how they are counted). A model is *trained through* number n
when it has learnt from batches before n only, so what it scores from n on it has never seen; n is
below 1 when it has left out the end of a first batch that holds a long history. Numbers are for
counting only: sentences name batch ids and how many batches lie between, never a number.
"""

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.records import MetricEstimate, Record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # from where memories of older versions counted
NOTHING_SEEN = -1
HOLD_BATCHES = 4  # a fault in more batches than these in a row counts as normal data


class Request(Record):
    """What a person (or nobody) asked of one run of continual_training, after it was checked."""

    force_retrain: bool = False
    reason: str = ""
    dry_run: bool = False
    batch: str | None = None
    draw_report: bool = False
    device: str | None = None
    training_window_days: int | None = None
    requested_by: str = ""


class ModelFacts(Record):
    """One model version as a policy sees it; it learnt from ``fraction`` of the full window."""

    version: str
    trained_through: int
    fraction: float = 1.0


class RivalGain(Record):
    """How much better a former champion is than the champion on the same rows of one batch.

    ``gain`` is rival minus champion, turned so that positive is better, in the metric's unit.
    """

    version: str
    gain: float
    se: float


class LabelledBatch(Record):
    """One batch whose labels have arrived, as the current champion and its rivals score it.

    Attributes:
        number: The batch's number.
        batch: Its id; empty in older ledgers, where it is not known.
        champion: The champion's metric on it; None where it learnt from the batch, or has no score.
        rivals: Former champions that have not learnt from it either.
        is_suspect: A data fault was found in the batch, or it lies in an incident.
    """

    number: int
    batch: str = ""
    champion: MetricEstimate | None
    rivals: tuple[RivalGain, ...] = ()
    is_suspect: bool = False


class PolicySignals(Record):
    """All that a policy may use when it decides about one batch.

    Attributes:
        batch: Id of the batch.
        number: Its number.
        champion: The version that serves now; None before the first.
        rivals: Former champions that could serve again.
        labelled: The newest labelled batches, oldest first; what came before may be left out.
        window_batches: Length of the full training window in batches.
        holdout_batches: Newest labelled batches that a training leaves out, to judge it on.
        chance: What a model without skill scores by the metric.
        unit: What counts as 1 where a limit was set for an AUC: 1, or twice what chance loses.
        drift: The batch against the champion's reference.
        decay: The champion on matured labels against what it was at its promotion.
        n_training_rows: Labelled rows that a training would learn from.
        n_holdout_rows: Labelled rows that a challenger would be judged on; None: not asked for.
        n_new_rows: Labelled rows since the newest training; None: not known.
        batches_since_champion: Batches that the champion has not learnt from, this one included.
        was_held: The newest challenger won and its promotion was held; no hold is in force now.
    """

    batch: str
    number: int = 0
    champion_version: str | None
    champion: ModelFacts | None = None
    rivals: tuple[ModelFacts, ...] = ()
    labelled: tuple[LabelledBatch, ...] = ()
    window_batches: float = 8.0
    holdout_batches: int = 0
    chance: float = 0.5
    unit: float = Field(1.0, gt=0)
    higher_is_better: bool = True
    drift: DriftMeasurement | None
    decay: DecayMeasurement | None
    n_training_rows: int
    n_holdout_rows: int | None
    n_new_rows: int | None = None
    batches_since_champion: int | None = None
    was_held: bool = False
    request: Request = Request()


Trigger = Literal[
    "first_model",
    "forced",
    "drift",
    "decay",
    "drift_and_decay",
    "pace",
    "harm",
    "recovery",
    "rival",
    "periodic",
    "every",
    "held",
    "none",
]


class PolicyDecision(Record):
    """The verdict of a policy about one batch, in one human sentence.

    Attributes:
        verdict: What to do. ``reinstate``: let a former champion serve again, without training.
        trigger: What asked for it; also when it was stood down for another reason.
        sentence: Why, with every value it rests on beside its limit.
        fraction: Share (0..1] of the full training window to learn from: the newest rows of it.
        version: The version to reinstate.
        is_alarm: The champion's score has dropped suddenly.
        is_suspect: The batch holds a data fault; it is kept out of training and reference.
        is_released: Batches quarantined for a data fault count again: it lasts too long to be a
            fault.
        is_harmless_drift: The data drifted and decay is within its limit: shown, no retrain.
    """

    verdict: Literal["bootstrap", "retrain", "reinstate", "stand_down"]
    trigger: Trigger
    sentence: str
    fraction: float = Field(1.0, gt=0, le=1)
    version: str | None = None
    is_alarm: bool = False
    is_suspect: bool = False
    is_released: bool = False
    is_harmless_drift: bool = False


class Episode(Record):
    """The time after a sudden drop: data from before ``since`` no longer represent current data.

    ``n_fitted`` is how many batches since then the newest fit had seen; ``before`` is the version
    that served when the score dropped. ``batch`` is the id of the batch that showed the drop, empty
    where it is not known.
    """

    since: int
    batch: str = ""
    n_fitted: int = 0
    before: str


class RateSample(Record):
    """One measured decay: a model newer by ``n_batches`` gained ``gain`` on batch ``number``."""

    number: int
    gain: float
    se: float
    n_batches: int


class PolicyState(Record):
    """What a policy remembers from one decision to the next; kept in the ledger with the decision.

    Attributes:
        credit: Trainings that the budget allows now.
        counted_from: Start of the period that is number 0 here; None: nothing was counted yet.
        number: Newest number that was decided about; each earns credit once.
        seen: Newest labelled number that was taken in.
        level: What a fresh champion scores, as expected of the next one; None: to be learnt.
        surprises: Newest differences of a fresh champion from the level, oldest first.
        samples: Newest measured decays, oldest first.
        drifted: Share of features that had moved in each of the newest batches, oldest first.
        votes: Whether the policy asked for a retrain at each of the newest batches.
        episode: Set after a sudden drop.
        last_fit: Number of the batch at which the newest training was asked for.
        last_fit_batch: Id of that batch; None where it is not known.
        fitted_through: What that training was trained through.
        comparing: The version before the newest fit, whose gain tells the rate of decay.
        asked_back: The former champion that the last decision asked back.
        refused: Former champions that were asked back and did not win over this champion.
        serving: The champion that ``refused`` belongs to.
        n_suspect: Batches in a row that were quarantined for a data fault.
    """

    credit: float = 1.0
    counted_from: datetime | None = None
    number: int | None = None
    seen: int = NOTHING_SEEN
    level: float | None = None
    surprises: tuple[float, ...] = ()
    samples: tuple[RateSample, ...] = ()
    drifted: tuple[float, ...] = ()
    votes: tuple[bool, ...] = ()
    episode: Episode | None = None
    last_fit: int | None = None
    last_fit_batch: str | None = None
    fitted_through: int | None = None
    comparing: ModelFacts | None = None
    asked_back: str | None = None
    refused: tuple[str, ...] = ()
    serving: str | None = None
    n_suspect: int = 0

    def renumbered(self, *, by: int, counted_from: datetime) -> "PolicyState":
        """Return the same memory with numbers that count from another period, ``by`` later."""

        def moved(number: int | None) -> int | None:
            return None if number is None else number - by

        episode, comparing = self.episode, self.comparing
        if episode is not None:
            episode = episode.model_copy(update={"since": episode.since - by})
        if comparing is not None:
            through = comparing.trained_through - by
            comparing = comparing.model_copy(update={"trained_through": through})
        return self.model_copy(
            update={
                "counted_from": counted_from,
                "number": moved(self.number),
                "seen": self.seen if self.seen == NOTHING_SEEN else self.seen - by,
                "samples": tuple(
                    sample.model_copy(update={"number": sample.number - by})
                    for sample in self.samples
                ),
                "episode": episode,
                "last_fit": moved(self.last_fit),
                "fitted_through": moved(self.fitted_through),
                "comparing": comparing,
            }
        )
