"""The records of one run of ``continual_training``, handed from its first task to its last.

What the first task works out (batch, spec, windows, champion) is carried and never worked out
again, so that an edited spec, new labels or another run change nothing in between.
"""

from evergreen.errors import EmptyWindowError
from evergreen.ledger.records import Outcome
from evergreen.records import (
    CandidateResult,
    Evaluation,
    HoldCause,
    PromotionVerdict,
    Record,
    TrainedModel,
    Window,
)
from evergreen.signals import Request


class DecisionRun(Record):
    """What one run decides about.

    Attributes:
        batch: Id of the batch.
        decision_id: Id of the decision, the same however often the run is rerun.
        request: What a person, or nobody, asked for.
        spec_hash: The frozen spec that every task of the run uses.
        champion_version: The champion that the run decides about; None before the first.
        training: The full training window; None while no label has matured.
        holdout: The window that a challenger is judged on; None while no label has matured.
    """

    model: str
    batch: str
    decision_id: str
    request: Request
    spec_hash: str
    champion_version: str | None
    training: Window | None
    holdout: Window | None

    @property
    def scratch(self) -> str:
        """Folder in the store for what only this run needs."""
        return f"scratch/{self.model}/{self.decision_id}"

    def training_window(self, fraction: float = 1.0) -> Window:
        """Return the newest part of the training window.

        Args:
            fraction: Share of it, 0..1; a length that a person asked for is taken whole.

        Raises:
            EmptyWindowError: No label has matured.
        """
        if self.training is None:
            raise self._no_labels()
        if self.request.training_window_days:
            return self.training
        return Window.ending(self.training.end, days=self.training.days * fraction)

    def holdout_window(self) -> Window:
        """Return the window that a challenger is judged on.

        Raises:
            EmptyWindowError: No label has matured.
        """
        if self.holdout is None:
            raise self._no_labels()
        return self.holdout

    def _no_labels(self) -> EmptyWindowError:
        return EmptyWindowError(f"no labels of {self.model} have matured before {self.batch}")


class MeasuredDrift(Record):
    """What ``measure_drift`` measured: the numbers lie in the store, the sentence is for people.

    Attributes:
        version: What the batch was measured against; None without a champion.
        path: Of the measurement in the store; None without a champion.
    """

    version: str | None
    path: str | None
    sentence: str


class Trained(Record):
    """The challenger of a run.

    Attributes:
        version: Its version in the registry; None on a dry run.
        sha256: Of its model file.
        folder: In the store, with all that belongs to it.
        model: How it was fitted.
        candidates: All challengers that were looked at; empty for one.
        spec_hash: The spec that the run used.
        is_former: A former champion that was not fitted anew.
    """

    version: str | None
    sha256: str
    folder: str
    model: TrainedModel
    candidates: tuple[CandidateResult, ...] = ()
    spec_hash: str
    is_former: bool = False


class Evaluated(Record):
    """How the challenger of a run did against the champion, and the verdict."""

    evaluation: Evaluation
    verdict: PromotionVerdict
    spec_hash: str

    @property
    def has_won(self) -> bool:
        """Whether the challenger may take the champion's place."""
        return self.verdict.verdict == "promote"


class Stay(Record):
    """Why the champion stays although a challenger won.

    Attributes:
        outcome: What the decision is closed with.
        sentence: For people.
        cause: What holds, where the outcome is ``held``.
    """

    outcome: Outcome
    sentence: str
    cause: HoldCause | None = None


class ClosedRun(Record):
    """What came of a run."""

    outcome: Outcome
    sentence: str
    champion_before: str | None = None
    champion_after: str | None = None
