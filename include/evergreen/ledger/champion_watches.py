"""How a new champion did after its promotion, batch by batch, against the one it replaced."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from evergreen.ledger.database import Database
from evergreen.ledger.records import COUNTED, Watch, WatchState
from evergreen.ledger.tables import WatchRow

FIELDS = tuple(Watch.model_fields)


class Watches:
    """One row per model, epoch and batch; a row that has counted in a watch is never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        model: str,
        epoch: int,
        batch: str,
        *,
        n_rows: int,
        gain: float | None,
        gain_se: float | None,
        verdict: WatchState,
        sentence: str,
    ) -> Watch:
        """Record one batch's comparison; a row that counts is kept, another one is replaced.

        Returns:
            The row as it is now.
        """
        row = WatchRow(
            model=model,
            epoch=epoch,
            batch=batch,
            n_rows=n_rows,
            gain=gain,
            gain_se=gain_se,
            verdict=verdict,
            sentence=sentence,
            watched_at=datetime.now(UTC),
        )
        with self._database.session() as session:
            mine = session.get(WatchRow, (model, epoch, batch), with_for_update=True)
            if mine is not None and mine.verdict in COUNTED:
                return _to_watch(mine)
            return _to_watch(session.merge(row))

    def of_epoch(self, model: str, epoch: int) -> Sequence[Watch]:
        """Return the rows of one champion's watch, in the order they were looked at."""
        return self._select(WatchRow.model == model, WatchRow.epoch == epoch)

    def history(self, model: str) -> Sequence[Watch]:
        """Return all rows of a model, earliest epoch first."""
        return self._select(WatchRow.model == model)

    def _select(self, *conditions: object) -> list[Watch]:
        query = select(WatchRow).where(*conditions)  # type: ignore[arg-type]  # column expressions
        with self._database.session() as session:
            rows = session.scalars(
                query.order_by(WatchRow.epoch, WatchRow.watched_at, WatchRow.batch)
            ).all()
        return [_to_watch(row) for row in rows]


def _to_watch(row: WatchRow) -> Watch:
    return Watch.model_validate({name: getattr(row, name) for name in FIELDS})
