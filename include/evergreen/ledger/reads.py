"""Reading rows as records, in a transaction that keeps nobody from writing."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select

from evergreen.ledger.base import Base
from evergreen.ledger.database import Database
from evergreen.ledger.glances import Glance
from evergreen.ledger.tables import DecisionRow
from evergreen.records import Record

FIGURES = tuple(getattr(DecisionRow, name) for name in Glance._fields)

R = TypeVar("R", bound=Record)


def read_records(database: Database, query: Select[Any], kind: type[R]) -> list[R]:
    """Give the rows that a query finds, as records whose fields are named like the columns."""
    with database.reading() as session:
        rows: Sequence[Base] = session.scalars(query).all()
    names = tuple(kind.model_fields)
    return [kind.model_validate({name: getattr(row, name) for name in names}) for row in rows]
