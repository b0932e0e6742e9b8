"""Reading rows as records, in a transaction that does not block writers."""

from typing import Any, TypeVar

from sqlalchemy import Select

from evergreen.ledger.database import Database
from evergreen.ledger.queries.rows import DecisionFigures
from evergreen.ledger.tables import DecisionRow
from evergreen.records import Record

FIGURES = tuple(getattr(DecisionRow, name) for name in DecisionFigures._fields)

R = TypeVar("R", bound=Record)


def read_records(database: Database, query: Select[Any], kind: type[R]) -> list[R]:
    """The rows that a query of one table finds, as records with fields named like columns."""
    table = query.column_descriptions[0]["entity"]
    columns = [getattr(table, name) for name in kind.model_fields]
    with database.reading() as session:
        rows = session.execute(query.with_only_columns(*columns)).mappings().all()
    return [kind.model_validate(dict(row)) for row in rows]
