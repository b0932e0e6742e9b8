"""All models at once: a fixed number of reads for any number of models, without their JSON."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import CTE, ColumnElement, Executable, func, join, literal, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from evergreen.ledger.database import Database
from evergreen.ledger.queries.read_records import FIGURES, read_records
from evergreen.ledger.queries.rows import (
    DecisionFigures,
    LatestDecision,
    LatestDelivery,
    OpenDecision,
    Waiting,
)
from evergreen.ledger.records import Approval, Hold, Incident, Outcome
from evergreen.ledger.tables import (
    ApprovalRow,
    DecisionRow,
    DeliveryRow,
    HoldRow,
    IncidentRow,
    PromotionRow,
)
from evergreen.records import Promotion

UNSETTLED: tuple[Outcome, ...] = ("open", "failed")

G = TypeVar("G", bound="_OfModel")


class _OfModel(Protocol):
    @property
    def model(self) -> str: ...


class Overview:
    """What the list of models is made of.

    Mappings are by model; a model without rows is not in them.

    Args:
        database: Where to look.
        model: Read this one only; None: all.
    """

    def __init__(self, database: Database, model: str | None = None) -> None:
        self._database = database
        self._model = model

    def of(self, model: str) -> "Overview":
        """Return the same for one model."""
        return Overview(self._database, model)

    def latest(self) -> dict[str, LatestDecision]:
        """Return the newest decision of each model."""
        models, mine = self._models(DecisionRow.model), aliased(DecisionRow)
        newest = (
            select(mine.id)
            .where(mine.model == models.c.model)
            .order_by(mine.decided_at.desc(), mine.id.desc())
            .limit(1)
            .correlate(models)
            .scalar_subquery()
        )
        query = select(*FIGURES, DecisionRow.sentence, DecisionRow.outcome_sentence).select_from(
            join(models, DecisionRow, DecisionRow.id == newest)
        )
        found = ((DecisionFigures(*row[:-2]), *row[-2:]) for row in self._rows(query))
        return {figures.model: LatestDecision(figures, *said) for figures, *said in found}

    def points(
        self, models: Collection[str], *, newest: int
    ) -> dict[str, tuple[DecisionFigures, ...]]:
        """Return the figures of the newest decisions of some models, oldest first."""
        place = (
            func.row_number()
            .over(
                partition_by=DecisionRow.model,
                order_by=(DecisionRow.decided_at.desc(), DecisionRow.id.desc()),
            )
            .label("place")
        )
        ranked = select(DecisionRow.id, place).where(DecisionRow.model.in_(models)).subquery()
        query = (
            select(*FIGURES)
            .join(ranked, DecisionRow.id == ranked.c.id)
            .where(ranked.c.place <= newest)
            .order_by(DecisionRow.decided_at, DecisionRow.id)
        )
        return _by_model(DecisionFigures(*row) for row in self._rows(query))

    def running(self) -> dict[str, tuple[OpenDecision, ...]]:
        """Return the decisions that have not come to an end, oldest first."""
        columns = [getattr(DecisionRow, name) for name in OpenDecision._fields]
        query = select(*columns).where(
            DecisionRow.outcome == "open", self._is_meant(DecisionRow.model)
        )
        rows = self._rows(query.order_by(DecisionRow.decided_at, DecisionRow.id))
        return _by_model(OpenDecision(*row) for row in rows)

    def champions(self) -> dict[str, Promotion]:
        """Return the promotion of the highest epoch of each model: who is champion."""
        models, mine = self._models(PromotionRow.model), aliased(PromotionRow)
        newest = (
            select(func.max(mine.epoch))
            .where(mine.model == models.c.model)
            .correlate(models)
            .scalar_subquery()
        )
        is_newest = (PromotionRow.model == models.c.model) & (PromotionRow.epoch == newest)
        query = select(PromotionRow).select_from(join(models, PromotionRow, is_newest))
        return {found.model: found for found in read_records(self._database, query, Promotion)}

    def deliveries(self) -> dict[str, LatestDelivery]:
        """Return the delivery of data of the newest batch of each model, with any outcome."""
        models, mine = self._models(DeliveryRow.model), aliased(DeliveryRow)
        newest = (
            select(func.max(mine.batch))
            .where(mine.model == models.c.model, mine.kind == "data")
            .correlate(models)
            .scalar_subquery()
        )
        key = tuple_(DeliveryRow.model, DeliveryRow.kind, DeliveryRow.batch)
        columns = [getattr(DeliveryRow, name) for name in LatestDelivery._fields]
        query = select(*columns).where(key.in_(select(models.c.model, literal("data"), newest)))
        return {row.model: LatestDelivery(*row) for row in self._rows(query)}

    def waiting(self) -> dict[str, Waiting]:
        """Return how many accepted batches are newer than the newest that was decided about."""
        models = self._models(DeliveryRow.model)
        decided = (
            select(DecisionRow.batch)
            .where(DecisionRow.model == models.c.model, DecisionRow.outcome.not_in(UNSETTLED))
            .order_by(DecisionRow.batch.desc())
            .limit(1)
            .correlate(models)
            .scalar_subquery()
        )
        newest = select(models.c.model, func.coalesce(decided, "").label("batch")).cte("newest")
        figures = (func.count(), func.min(DeliveryRow.batch), func.min(DeliveryRow.taken_at))
        told = [
            select(figure)
            .where(
                DeliveryRow.kind == "data",
                DeliveryRow.status == "accepted",
                DeliveryRow.model == newest.c.model,
                DeliveryRow.batch > newest.c.batch,
            )
            .correlate(newest)
            .scalar_subquery()
            for figure in figures
        ]
        found = self._rows(select(newest.c.model, *told))
        return {model: Waiting(model, *rest) for model, *rest in found if rest[0]}

    def open_incidents(self) -> dict[str, tuple[Incident, ...]]:
        """Return the incidents that are open, the one that changed last first."""
        query = select(IncidentRow).where(
            IncidentRow.closed_at.is_(None), self._is_meant(IncidentRow.model)
        )
        ordered = query.order_by(IncidentRow.updated_at.desc(), IncidentRow.id.desc())
        return _by_model(read_records(self._database, ordered, Incident))

    def open_approvals(self, *, at: datetime) -> dict[str, tuple[Approval, ...]]:
        """Return the questions that are open and not past their time, oldest first."""
        query = select(ApprovalRow).where(
            ApprovalRow.answer == "open",
            ApprovalRow.due_at > at,
            self._is_meant(ApprovalRow.model),
        )
        return _by_model(
            read_records(self._database, query.order_by(ApprovalRow.asked_at), Approval)
        )

    def holds(self) -> Sequence[Hold]:
        """Return all holds that are in force, of single models and of all (``*``), oldest first."""
        query = select(HoldRow).where(HoldRow.released_at.is_(None)).order_by(HoldRow.id)
        return read_records(self._database, query, Hold)

    def _models(self, column: InstrumentedAttribute[str]) -> CTE:
        """Return the models that a table has rows of, by one step in its index for each.

        So the reads above grow with the models, and not with how long their histories are.
        """
        if self._model is not None:
            return select(literal(self._model).label("model")).cte("models")
        found = select(func.min(column).label("model")).cte("models", recursive=True)
        following = select(func.min(column)).where(column > found.c.model).scalar_subquery()
        return found.union_all(select(following).where(found.c.model.is_not(None)))

    def _is_meant(self, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return true() if self._model is None else column == self._model

    def _rows(self, query: Executable) -> Sequence[Any]:
        with self._database.reading() as session:
            return session.execute(query).all()


def _by_model(found: Iterable[G]) -> dict[str, tuple[G, ...]]:
    groups: dict[str, list[G]] = defaultdict(list)
    for one in found:
        groups[one.model].append(one)
    return {model: tuple(some) for model, some in groups.items()}
