"""Rows as lists of all models need them: a few columns each, none of them JSON."""

from datetime import datetime
from typing import NamedTuple


class DecisionFigures(NamedTuple):
    """One decision by its figures; see ``ledger.figures`` for what they are."""

    id: str
    model: str
    batch: str
    decided_at: datetime
    verdict: str
    outcome: str
    n_rows: int | None
    drift_verdict: str | None
    drifted_share: float | None
    moved_share: float | None
    decay_verdict: str | None
    metric_name: str | None
    metric: float | None
    metric_se: float | None
    reference_metric: float | None
    coverage: float | None
    is_harmless: bool


class LatestDecision(NamedTuple):
    """The newest decision of a model: its figures, and what it said."""

    figures: DecisionFigures
    sentence: str
    outcome_sentence: str

    @property
    def said(self) -> str:
        """Why, and what came of it where that says more."""
        if self.outcome_sentence in ("", self.sentence) or self.figures.outcome == "stood_down":
            return self.sentence
        return f"{self.sentence.rstrip('.')}. {self.outcome_sentence}"


class ListedDecision(NamedTuple):
    """One decision of a long list: its figures, what asked for it, its sentence, its end."""

    figures: DecisionFigures
    trigger: str
    sentence: str
    outcome_sentence: str
    champion_before: str | None
    champion_after: str | None
    challenger_version: str | None


class OpenDecision(NamedTuple):
    """A decision that has not come to an end."""

    id: str
    model: str
    batch: str
    verdict: str
    sentence: str
    decided_at: datetime


class LatestDelivery(NamedTuple):
    """The outcome of a delivery of data; the window is that of its rows, in event time."""

    model: str
    batch: str
    status: str
    sentence: str
    window_end: datetime | None
    taken_at: datetime


class Waiting(NamedTuple):
    """Accepted batches that nobody decided about: how many, the first, and since when."""

    model: str
    n_batches: int
    batch: str
    since: datetime
