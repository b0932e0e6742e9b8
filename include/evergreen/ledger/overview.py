"""All models at once: a fixed number of reads for any number of models, without their JSON."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Executable, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from evergreen.ledger.database import Database
from evergreen.ledger.entries import Approval, Hold, Incident, Outcome
from evergreen.ledger.glances import (
    DeliveryGlance,
    Glance,
    LatestDecision,
    OpenDecision,
    Waiting,
)
from evergreen.ledger.reads import FIGURES, read_records
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
    """What the list of models is made of. Mappings are by model; who has nothing is not in them.

    Args:
        database: Where to look.
        model: Look at this one only; None: at all.
    """

    def __init__(self, database: Database, model: str | None = None) -> None:
        self._database = database
        self._model = model

    def of(self, model: str) -> "Overview":
        """Give the same for one model."""
        return Overview(self._database, model)

    def latest(self) -> dict[str, LatestDecision]:
        """Give the newest decision of each model."""
        newest = (
            select(DecisionRow.model, func.max(DecisionRow.decided_at).label("decided_at"))
            .where(self._is_meant(DecisionRow.model))
            .group_by(DecisionRow.model)
            .subquery()
        )
        query = (
            select(*FIGURES, DecisionRow.sentence, DecisionRow.outcome_sentence)
            .join(
                newest,
                (DecisionRow.model == newest.c.model)
                & (DecisionRow.decided_at == newest.c.decided_at),
            )
            .order_by(DecisionRow.id)
        )
        found = ((Glance(*row[:-2]), *row[-2:]) for row in self._rows(query))
        return {figures.model: LatestDecision(figures, *said) for figures, *said in found}

    def points(self, models: Collection[str], *, newest: int) -> dict[str, tuple[Glance, ...]]:
        """Give the figures of the newest decisions of some models, oldest first."""
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
        return _by_model(Glance(*row) for row in self._rows(query))

    def running(self) -> dict[str, tuple[OpenDecision, ...]]:
        """Give the decisions that have not come to an end, oldest first."""
        columns = [getattr(DecisionRow, name) for name in OpenDecision._fields]
        query = select(*columns).where(
            DecisionRow.outcome == "open", self._is_meant(DecisionRow.model)
        )
        rows = self._rows(query.order_by(DecisionRow.decided_at, DecisionRow.id))
        return _by_model(OpenDecision(*row) for row in rows)

    def champions(self) -> dict[str, Promotion]:
        """Give the promotion of the highest epoch of each model: who is champion."""
        newest = (
            select(PromotionRow.model, func.max(PromotionRow.epoch).label("epoch"))
            .where(self._is_meant(PromotionRow.model))
            .group_by(PromotionRow.model)
            .subquery()
        )
        query = select(PromotionRow).join(
            newest,
            (PromotionRow.model == newest.c.model) & (PromotionRow.epoch == newest.c.epoch),
        )
        return {found.model: found for found in read_records(self._database, query, Promotion)}

    def deliveries(self) -> dict[str, DeliveryGlance]:
        """Give the delivery of data of the newest batch of each model, whatever became of it."""
        newest = (
            select(DeliveryRow.model, func.max(DeliveryRow.batch).label("batch"))
            .where(DeliveryRow.kind == "data", self._is_meant(DeliveryRow.model))
            .group_by(DeliveryRow.model)
            .subquery()
        )
        columns = [getattr(DeliveryRow, name) for name in DeliveryGlance._fields]
        query = (
            select(*columns)
            .where(DeliveryRow.kind == "data")
            .join(
                newest,
                (DeliveryRow.model == newest.c.model) & (DeliveryRow.batch == newest.c.batch),
            )
        )
        return {row.model: DeliveryGlance(*row) for row in self._rows(query)}

    def waiting(self) -> dict[str, Waiting]:
        """Give how many accepted batches are newer than the newest that was decided about."""
        decided = (
            select(DecisionRow.model, func.max(DecisionRow.batch).label("batch"))
            .where(DecisionRow.outcome.not_in(UNSETTLED), self._is_meant(DecisionRow.model))
            .group_by(DecisionRow.model)
            .subquery()
        )
        query = (
            select(
                DeliveryRow.model,
                func.count(),
                func.min(DeliveryRow.batch),
                func.min(DeliveryRow.taken_at),
            )
            .outerjoin(decided, DeliveryRow.model == decided.c.model)
            .where(
                DeliveryRow.kind == "data",
                DeliveryRow.status == "accepted",
                self._is_meant(DeliveryRow.model),
                (decided.c.batch.is_(None)) | (DeliveryRow.batch > decided.c.batch),
            )
            .group_by(DeliveryRow.model)
        )
        return {row[0]: Waiting(*row) for row in self._rows(query)}

    def open_incidents(self) -> dict[str, tuple[Incident, ...]]:
        """Give the incidents that are open, the one that changed last first."""
        query = select(IncidentRow).where(
            IncidentRow.closed_at.is_(None), self._is_meant(IncidentRow.model)
        )
        ordered = query.order_by(IncidentRow.updated_at.desc(), IncidentRow.id.desc())
        return _by_model(read_records(self._database, ordered, Incident))

    def open_approvals(self, *, at: datetime) -> dict[str, tuple[Approval, ...]]:
        """Give the questions that are open and not past their time, oldest first."""
        query = select(ApprovalRow).where(
            ApprovalRow.answer == "open",
            ApprovalRow.due_at > at,
            self._is_meant(ApprovalRow.model),
        )
        return _by_model(
            read_records(self._database, query.order_by(ApprovalRow.asked_at), Approval)
        )

    def holds(self) -> Sequence[Hold]:
        """Give all holds that are in force, of single models and of all (``*``), oldest first."""
        query = select(HoldRow).where(HoldRow.released_at.is_(None)).order_by(HoldRow.id)
        return read_records(self._database, query, Hold)

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
