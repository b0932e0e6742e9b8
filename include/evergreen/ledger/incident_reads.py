"""Reading incidents: by number, by what they are about, open ones and all."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from evergreen.ledger.database import Database
from evergreen.ledger.incident_rows import key_of, locked_row, open_row, to_incident
from evergreen.ledger.records import Incident
from evergreen.ledger.tables import IncidentRow


class IncidentReads:
    """Incidents as the ledger has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, incident_id: int) -> Incident:
        """Return one incident.

        Raises:
            LedgerError: There is none with that number.
        """
        with self._database.session() as session:
            return to_incident(locked_row(session, incident_id, self._database.name))

    def find(self, incident_id: int) -> Incident | None:
        """Return one incident; None when there is none with that number."""
        with self._database.session() as session:
            row = session.get(IncidentRow, incident_id)
            return None if row is None else to_incident(row)

    def open_for(self, model: str, topic: str, subject: str = "") -> Incident | None:
        """Return the open incident of a topic; None where there is none."""
        with self._database.session() as session:
            row = open_row(session, key_of(model, topic, subject))
            return None if row is None else to_incident(row)

    def open_of(self, model: str) -> Sequence[Incident]:
        """Return the open incidents of a model, oldest first."""
        query = select(IncidentRow).where(
            IncidentRow.model == model, IncidentRow.open_key.is_not(None)
        )
        with self._database.session() as session:
            rows = session.scalars(query.order_by(IncidentRow.id)).all()
        return [to_incident(row) for row in rows]

    def history(
        self,
        model: str | None = None,
        *,
        limit: int | None = None,
        since: datetime | None = None,
        only_open: bool = False,
    ) -> Sequence[Incident]:
        """Return incidents, open and closed, of one model or of all, newest first.

        Args:
            model: The model; None: all.
            limit: At most that many.
            since: Only those that were open at or after this moment.
            only_open: Only those that are open now.
        """
        query = select(IncidentRow).order_by(IncidentRow.id.desc()).limit(limit)
        if model is not None:
            query = query.where(IncidentRow.model == model)
        if only_open:
            query = query.where(IncidentRow.open_key.is_not(None))
        if since is not None:
            query = query.where((IncidentRow.closed_at >= since) | IncidentRow.closed_at.is_(None))
        with self._database.session() as session:
            rows = session.scalars(query).all()
        return [to_incident(row) for row in rows]
