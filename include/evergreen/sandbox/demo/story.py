"""What became of each batch, as one record: for the table, and for the report."""

from typing import Any, Literal, Self

from evergreen.ledger.records import Decision, Delivery
from evergreen.measurements import ColumnDrift, DecayMeasurement
from evergreen.records import Evaluation, PromotionVerdict, Record

Kind = Literal["history", "weekly", "forced"]
REJECTED = "rejected"


class BatchStory(Record):
    """One batch on its way from landing to decision.

    ``champion_before`` and ``champion_after`` are model versions, None while there is none.
    ``features`` holds every feature that was measured, ``drifted`` the names of those over their
    limit. ``seconds`` is from landing to the last task; ``steps`` gives the seconds of each task as
    ``<kind of DAG>.<task>``; the waiting of a sensor is among them.
    """

    batch: str
    kind: Kind
    n_rows: int | None
    fault: str | None
    gate: str
    gate_sentence: str
    broken_rules: tuple[str, ...]
    features: tuple[ColumnDrift, ...] = ()
    drifted: tuple[str, ...] = ()
    drifted_share: float | None = None
    decay: DecayMeasurement | None = None
    verdict: str
    trigger: str
    sentence: str
    outcome: str
    outcome_sentence: str
    requested_by: str = ""
    reason: str = ""
    evaluation: Evaluation | None = None
    promotion_verdict: PromotionVerdict | None = None
    challenger_version: str | None = None
    champion_before: str | None
    champion_after: str | None
    seconds: float
    steps: dict[str, float]

    @property
    def is_promoted_retrain(self) -> bool:
        """Whether a challenger took the place of a champion here."""
        return self.outcome == "promoted"

    @property
    def is_retrain(self) -> bool:
        """Whether a challenger was judged against a champion here."""
        return self.evaluation is not None and self.evaluation.champion_version is not None

    @classmethod
    def of_decision(
        cls,
        delivery: Delivery,
        decision: Decision,
        *,
        kind: Kind,
        seconds: float,
        steps: dict[str, float],
    ) -> Self:
        """Tell an accepted batch by its decision."""
        drift = decision.signals.drift
        return cls(
            **_delivered(delivery),
            kind=kind,
            fault=None,
            features=() if drift is None else drift.columns,
            drifted=() if drift is None else tuple(c.column for c in drift.drifted),
            drifted_share=None if drift is None else drift.drifted_share,
            decay=decision.signals.decay,
            verdict=decision.verdict,
            trigger=decision.trigger,
            sentence=decision.sentence,
            outcome=decision.outcome,
            outcome_sentence=decision.outcome_sentence,
            requested_by=decision.requested_by,
            reason=decision.reason,
            evaluation=decision.evaluation,
            promotion_verdict=decision.promotion_verdict,
            challenger_version=decision.challenger_version,
            champion_before=decision.champion_before,
            champion_after=decision.champion_after,
            seconds=seconds,
            steps=steps,
        )

    @classmethod
    def of_rejection(
        cls,
        delivery: Delivery,
        *,
        fault: str | None,
        champion: str | None,
        seconds: float,
        steps: dict[str, float],
    ) -> Self:
        """Tell a batch that the gate kept out: nothing was decided, the champion stayed."""
        return cls(
            **_delivered(delivery),
            kind="weekly",
            fault=fault,
            verdict=REJECTED,
            trigger="none",
            sentence=delivery.sentence,
            outcome=REJECTED,
            outcome_sentence="quarantined; nothing was scored, decided or trained",
            champion_before=champion,
            champion_after=champion,
            seconds=seconds,
            steps=steps,
        )


def worst(story: BatchStory, statistic: Literal["psi", "ks"]) -> tuple[float, str] | None:
    """Return the largest value of a statistic and its feature; None where nothing was measured."""
    values = [
        (value, column.column)
        for column in story.features
        if (value := getattr(column, statistic)) is not None
    ]
    return max(values, default=None)


def _delivered(delivery: Delivery) -> dict[str, Any]:
    quality = delivery.quality
    return {
        "batch": delivery.batch,
        "n_rows": delivery.n_rows,
        "gate": delivery.status,
        "gate_sentence": delivery.sentence,
        "broken_rules": () if quality is None else tuple(r.sentence for r in quality.broken_rules),
    }
