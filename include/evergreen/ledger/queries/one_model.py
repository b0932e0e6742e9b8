"""What belongs to one model, decision or incident; every answer has a bounded size."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from evergreen.ledger.database import Database
from evergreen.ledger.queries.read_records import FIGURES, read_records
from evergreen.ledger.queries.rows import DecisionFigures, ListedDecision
from evergreen.ledger.records import Incident, OutboxEntry, VersionEntry
from evergreen.ledger.tables import (
    AlertRow,
    DecisionRow,
    IncidentRow,
    PromotionRow,
    VersionRow,
)
from evergreen.records import Promotion


class Details:
    """Reads for a page about one thing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def decisions(self, model: str, *, limit: int, skip: int = 0) -> list[ListedDecision]:
        """Return one page of a model's decisions, newest first, without their JSON."""
        columns = [getattr(DecisionRow, name) for name in ListedDecision._fields[1:]]
        query = (
            select(*FIGURES, *columns)
            .where(DecisionRow.model == model)
            .order_by(DecisionRow.decided_at.desc(), DecisionRow.id.desc())
        )
        with self._database.reading() as session:
            rows = session.execute(query.limit(limit).offset(skip)).all()
        n = len(FIGURES)
        return [ListedDecision(DecisionFigures(*row[:n]), *row[n:]) for row in rows]

    def count_decisions(self, model: str) -> int:
        """Count the decisions of a model."""
        query = select(func.count()).select_from(DecisionRow).where(DecisionRow.model == model)
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def promotions(self, model: str, *, limit: int) -> list[Promotion]:
        """Return the newest moves of the champion, newest first."""
        query = select(PromotionRow).where(PromotionRow.model == model)
        return read_records(
            self._database, query.order_by(PromotionRow.epoch.desc()).limit(limit), Promotion
        )

    def version(self, model: str, version: str) -> VersionEntry | None:
        """Return one version; None where the ledger does not know it."""
        query = select(VersionRow).where(VersionRow.model == model, VersionRow.version == version)
        found = read_records(self._database, query, VersionEntry)
        return found[0] if found else None

    def challenger(self, model: str, *, champion: str | None) -> VersionEntry | None:
        """Return the newest version that is not the champion; None where there is none."""
        query = select(VersionRow).where(VersionRow.model == model)
        if champion is not None:
            query = query.where(VersionRow.version != champion)
        found = read_records(
            self._database, query.order_by(VersionRow.registered_at.desc()).limit(1), VersionEntry
        )
        return found[0] if found else None

    def incident(self, incident_id: int) -> Incident | None:
        """Return one incident; None where there is none with that number."""
        found = read_records(
            self._database, select(IncidentRow).where(IncidentRow.id == incident_id), Incident
        )
        return found[0] if found else None

    def incidents(
        self, models: Collection[str], *, limit: int, skip: int = 0, only_open: bool = False
    ) -> list[Incident]:
        """Return one page of the incidents of some models: open ones first, then newest first."""
        query = select(IncidentRow).where(IncidentRow.model.in_(models))
        if only_open:
            query = query.where(IncidentRow.closed_at.is_(None))
        ordered = query.order_by(IncidentRow.closed_at.is_not(None), IncidentRow.id.desc())
        return read_records(self._database, ordered.limit(limit).offset(skip), Incident)

    def incidents_between(
        self, model: str, start: datetime, end: datetime, *, limit: int
    ) -> list[Incident]:
        """Return the incidents of a model that were open at some time of a span, newest first."""
        query = select(IncidentRow).where(
            IncidentRow.model == model,
            IncidentRow.opened_at <= end,
            IncidentRow.closed_at.is_(None) | (IncidentRow.closed_at >= start),
        )
        return read_records(
            self._database, query.order_by(IncidentRow.id.desc()).limit(limit), Incident
        )

    def messages(self, incident_id: int, *, limit: int) -> list[OutboxEntry]:
        """Return the newest messages of an incident, oldest first."""
        query = select(AlertRow).where(AlertRow.incident_id == incident_id)
        ordered = query.order_by(AlertRow.raised_at.desc(), AlertRow.incident.desc()).limit(limit)
        return read_records(self._database, ordered, OutboxEntry)[::-1]
