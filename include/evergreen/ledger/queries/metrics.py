"""What is counted for monitoring: totals by model, added up by the database and not by us."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    Executable,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from evergreen.ledger.database import Database
from evergreen.ledger.records import AlertState, Outcome
from evergreen.ledger.tables import AlertRow, ApprovalRow, DecisionRow, DeliveryRow, PromotionRow

UNSETTLED: tuple[Outcome, ...] = ("open", "failed")
UNDELIVERED: tuple[AlertState, ...] = ("pending", "undeliverable")


class BatchCounts(NamedTuple):
    """How far the accepted batches of one model are.

    A batch is due once it was decided about or its limit has passed. It was decided in time when
    its first decision came to an end within the limit, or asked a person within it.

    Attributes:
        n_overdue: Of those that wait, how many have passed the limit.
        oldest_waiting: When the oldest that waits was taken in; None where none waits.
        newest: When the newest was taken in.
    """

    model: str
    n_due: int
    n_in_time: int
    n_waiting: int
    n_overdue: int
    oldest_waiting: datetime | None
    newest: datetime


class Count(NamedTuple):
    """How many rows of one model have one value."""

    model: str
    value: str
    n_rows: int


class DecisionCount(NamedTuple):
    """How many decisions of one model have one verdict and one outcome."""

    model: str
    verdict: str
    outcome: str
    n_decisions: int


class Gauges:
    """Totals over the whole ledger; a fixed number of queries for any number of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def batches(self, limits: Mapping[str, float], *, at: datetime) -> list[BatchCounts]:
        """Count the accepted batches of each model.

        Args:
            limits: Seconds by model in which a batch is to be decided about. What is counted
                against the limit means nothing for a model that is not among them.
            at: The moment to count at.
        """
        rescued = {count.model: count.n_rows for count in self._asked_in_time(limits)}
        batch = _accepted_batches(limits, at).c
        is_waiting = batch.waited.is_(None)
        is_overdue = and_(is_waiting, batch.age > batch.limit)
        query = select(
            batch.model,
            _count(or_(~is_waiting, is_overdue)),
            _count(batch.waited <= batch.limit),
            _count(is_waiting),
            _count(is_overdue),
            func.min(batch.taken_at).filter(is_waiting),
            func.max(batch.taken_at),
        ).group_by(batch.model)
        counts = [BatchCounts(*row) for row in self._rows(query)]
        return [c._replace(n_in_time=c.n_in_time + rescued.get(c.model, 0)) for c in counts]

    def decisions(self) -> list[DecisionCount]:
        """Count the decisions of each model by verdict and outcome."""
        keys = (DecisionRow.model, DecisionRow.verdict, DecisionRow.outcome)
        query = select(*keys, func.count()).group_by(*keys).order_by(*keys)
        return [DecisionCount(*row) for row in self._rows(query)]

    def promotions(self) -> list[Count]:
        """Count the moves of each model's champion by kind."""
        return self._counts(select(PromotionRow.model, PromotionRow.kind, func.count()))

    def undelivered(self) -> list[Count]:
        """Count the alerts that were not delivered, by model and state."""
        query = select(AlertRow.model, AlertRow.state, func.count())
        return self._counts(query.where(AlertRow.state.in_(UNDELIVERED)))

    def _asked_in_time(self, limits: Mapping[str, float]) -> list[Count]:
        """Count the batches that were decided late because a person was asked in time."""
        limit, first, asked = _limit(limits), _first_decision(), _asked().c
        its_batch = and_(DeliveryRow.model == asked.model, DeliveryRow.batch == asked.batch)
        query = (
            select(DeliveryRow.model, DeliveryRow.kind, func.count())
            .join(asked.model.table, and_(its_batch, *ACCEPTED))
            .where(
                seconds_between(DeliveryRow.taken_at, first) > limit,
                seconds_between(DeliveryRow.taken_at, asked.asked_at) <= limit,
            )
        )
        return self._counts(query)

    def _counts(self, query: Select[str, str, int]) -> list[Count]:
        keys = list(query.selected_columns)[:2]
        return [Count(*row) for row in self._rows(query.group_by(*keys).order_by(*keys))]

    def _rows(self, query: Executable) -> Sequence[Any]:
        with self._database.session() as session:
            return session.execute(query).all()


ACCEPTED = (DeliveryRow.kind == "data", DeliveryRow.status == "accepted")


def _accepted_batches(limits: Mapping[str, float], at: datetime) -> CTE:
    """Return each accepted batch with its age, its limit, and how long it waited for a decision."""
    taken = DeliveryRow.taken_at
    batches = select(
        DeliveryRow.model,
        taken,
        seconds_between(taken, bindparam("at", at, taken.type)).label("age"),
        seconds_between(taken, _first_decision()).label("waited"),
        _limit(limits).label("limit"),
    ).where(*ACCEPTED)
    # Otherwise the columns would be computed once for every place that names them.
    return batches.cte("accepted").prefix_with("MATERIALIZED")


def _asked() -> CTE:
    """Return each batch that people were asked about, and since when; these are few."""
    keys = (DecisionRow.model, DecisionRow.batch)
    questions = (
        select(*keys, func.min(ApprovalRow.asked_at).label("asked_at"))
        .select_from(ApprovalRow)
        .join(DecisionRow, DecisionRow.id == ApprovalRow.decision_id)
        .group_by(*keys)
    )
    return questions.cte("asked").prefix_with("MATERIALIZED")


def _first_decision() -> ScalarSelect[datetime | None]:
    """Return when the first decision about a batch of the outer query came to its end."""
    return (
        select(func.min(DecisionRow.closed_at))
        .where(
            DecisionRow.model == DeliveryRow.model,
            DecisionRow.batch == DeliveryRow.batch,
            DecisionRow.outcome.not_in(UNSETTLED),
        )
        .correlate(DeliveryRow)
        .scalar_subquery()
    )


def _limit(limits: Mapping[str, float]) -> ColumnElement[float]:
    """Return the limit of a row's model; the most frequent limit is written once, not per model."""
    by_seconds: dict[float, list[str]] = {}
    for model, seconds in limits.items():
        by_seconds.setdefault(seconds, []).append(model)
    if not by_seconds:
        return cast(null(), Double())
    usual = max(by_seconds, key=lambda seconds: len(by_seconds[seconds]))
    del by_seconds[usual]
    whens = [(DeliveryRow.model.in_(names), seconds) for seconds, names in by_seconds.items()]
    return case(*whens, else_=usual) if whens else literal(usual)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as a function of SQL
    """Seconds from one moment to another; each database has its own way."""

    type = Double()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: FunctionElement[float], compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: FunctionElement[float], compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {start}))"
