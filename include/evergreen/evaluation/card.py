"""The model card: one version, what it learnt from, how it was judged and by whom it was let in.

Only figures, names and sentences: never a row of data, never a secret.

Source: Mitchell et al. (2019), Model Cards for Model Reporting, FAT* 2019.
"""

from datetime import datetime
from typing import Literal

from evergreen.measurements import ColumnDrift, SliceMetric
from evergreen.records import Evaluation, Json, PromotionVerdict, Record, Window


class CardBatch(Record):
    """One batch that the version learnt from, with what the gates said of data and labels."""

    batch: str
    n_rows: int
    window: Window | None
    data_sha256: str
    data_gate: str
    labels_sha256: str
    labels_gate: str


class CardTraining(Record):
    """How the version was fitted."""

    window: Window
    n_rows: int
    n_rounds: int
    seed: int
    device: str
    device_reason: str
    seconds: float
    params: Json


class Attribution(Record):
    """How much one feature moves the scores on average, of the version and of the champion.

    In the unit of the raw score. ``champion`` is None where there is no champion, or it does not
    know the feature.
    """

    feature: str
    contribution: float
    champion: float | None = None

    @property
    def difference(self) -> float | None:
        """Version minus champion; None without a champion."""
        return None if self.champion is None else self.contribution - self.champion


class Attributions(Record):
    """The attributions of all features, the largest first; empty where ``sentence`` says why."""

    features: tuple[Attribution, ...] = ()
    n_rows: int = 0
    sentence: str


class CardDrift(Record):
    """Drift of the batch that was decided about, against the champion's reference."""

    drifted_share: float | None
    n_rows: int
    sentence: str
    drifted: tuple[ColumnDrift, ...] = ()
    faults: tuple[str, ...] = ()


class CardDecision(Record):
    """The decision that judged the version, and what came of it."""

    id: str
    batch: str
    decided_at: datetime
    verdict: str
    trigger: str
    sentence: str
    requested_by: str
    reason: str
    outcome: str
    outcome_sentence: str
    promotion: PromotionVerdict | None


class CardAct(Record):
    """What a person, or the suite in a person's stead, did with the version."""

    what: Literal["approval", "bootstrap", "promotion", "rollback", "forced"]
    at: datetime | None
    by: str
    text: str


class CardLineage(Record):
    """Where the version comes from.

    ``made_by`` is the decision that trained it: another one than the card's for a former champion
    that was asked back. ``held`` are batches that were left out for a data fault.
    """

    made_by: str
    batch: str
    git_commit: str
    lock: str
    spec_hash: str
    previous_champion: str | None
    libraries: dict[str, str]
    held: tuple[str, ...] = ()
    incidents: tuple[Window, ...] = ()
    sentence: str = ""


class ModelCard(Record):
    """All that is known of one version at the moment it was judged."""

    model: str
    version: str
    sha256: str
    made_at: datetime
    description: str
    owner: str
    task: str
    training: CardTraining
    data: tuple[CardBatch, ...]
    evaluation: Evaluation | None
    slices: tuple[SliceMetric, ...]
    drift: CardDrift | None
    attributions: Attributions
    decision: CardDecision
    acts: tuple[CardAct, ...]
    lineage: CardLineage
