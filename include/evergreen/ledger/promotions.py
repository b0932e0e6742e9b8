"""Model versions and the promotion ledger: the row of the highest epoch names the champion."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evergreen.errors import ChampionChangedError, LedgerError
from evergreen.ledger.database import Database
from evergreen.ledger.promotion_lock import check_token, next_token
from evergreen.ledger.records import VersionEntry
from evergreen.ledger.tables import PromotionRow, VersionRow
from evergreen.records import Evaluation, Promotion, TrainedModel

PROMOTION_FIELDS = tuple(Promotion.model_fields)
VERSION_FIELDS = tuple(VersionEntry.model_fields)


class Promotions:
    """Who was champion when. Rows are added and committed, never rewritten or removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, model: str) -> Promotion | None:
        """Return the promotion of the highest epoch: its version is the champion."""
        history = self.history(model)
        return history[-1] if history else None

    def by_decision(self, model: str, decision_id: str) -> Promotion | None:
        """Return the promotion that a decision made, if it made one."""
        made = [p for p in self.history(model) if p.decision_id == decision_id]
        return made[0] if made else None

    def history(self, model: str) -> Sequence[Promotion]:
        """Return all promotions of a model, first epoch first."""
        query = select(PromotionRow).where(PromotionRow.model == model)
        with self._database.session() as session:
            rows = session.scalars(query.order_by(PromotionRow.epoch)).all()
        return [
            Promotion.model_validate({name: getattr(row, name) for name in PROMOTION_FIELDS})
            for row in rows
        ]

    def champion_at(self, model: str, moment: datetime) -> Promotion | None:
        """Return the promotion that was in force at a moment, or None before the first."""
        before = [p for p in self.history(model) if p.promoted_at <= moment]
        return before[-1] if before else None

    def take_lane(self, model: str, decision_id: str) -> int:
        """Return the newest token of a model: the holder of an older one may no longer promote."""
        with self._database.session() as session:
            return next_token(session, model, decision_id)

    def write_intent(
        self,
        model: str,
        *,
        epoch: int,
        version: str,
        previous_version: str | None,
        sha256: str,
        kind: str,
        decision_id: str,
        reason: str,
        token: int | None = None,
        requested_by: str = "",
    ) -> Promotion:
        """Take an epoch: the compare-and-set of the whole protocol.

        The token is checked in the same transaction; with None the lock is taken in it.

        Raises:
            ChampionChangedError: Another promotion took this epoch first.
            StaleTokenError: Another run took the lock after ``token`` was given.
        """
        row = PromotionRow(
            model=model,
            epoch=epoch,
            version=version,
            previous_version=previous_version,
            sha256=sha256,
            kind=kind,
            state="intent",
            decision_id=decision_id,
            reason=reason,
            promoted_at=datetime.now(UTC),
            requested_by=requested_by,
        )
        try:
            with self._database.session() as session:
                if token is None:
                    next_token(session, model, decision_id)
                else:
                    check_token(session, model, token, decision_id)
                session.add(row)
        except IntegrityError as err:
            raise ChampionChangedError(
                f"epoch {epoch} of {model} was taken by another promotion; re-evaluate against the"
                " new champion"
            ) from err
        return Promotion.model_validate({name: getattr(row, name) for name in PROMOTION_FIELDS})

    def commit(self, model: str, epoch: int) -> None:
        """Record that the alias has followed."""
        with self._database.session() as session:
            session.get_one(PromotionRow, (model, epoch)).state = "committed"


class Versions:
    """The model versions that Evergreen made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        model: str,
        version: str,
        *,
        idempotency_key: str,
        sha256: str,
        folder: str,
        trained: TrainedModel,
    ) -> VersionEntry:
        """Record a version; recording it again keeps its evaluation."""
        row = VersionRow(
            model=model,
            version=version,
            idempotency_key=idempotency_key,
            sha256=sha256,
            folder=folder,
            trained=trained.to_json(),
            registered_at=datetime.now(UTC),
        )
        with self._database.session() as session:
            session.merge(row)
        return self.get(model, version)

    def record_evaluation(self, model: str, version: str, evaluation: Evaluation) -> None:
        """Store the version's evaluation: later decay is measured against it."""
        with self._database.session() as session:
            session.get_one(VersionRow, (model, version)).evaluation = evaluation.to_json()

    def get(self, model: str, version: str) -> VersionEntry:
        """Return one version.

        Raises:
            LedgerError: The ledger does not know it.
        """
        with self._database.session() as session:
            row = session.get(VersionRow, (model, version))
        if row is None:
            known = ", ".join(entry.version for entry in self.history(model)) or "none"
            raise LedgerError(f"{model} has no version {version!r} in the ledger; known: {known}")
        return _to_version(row)

    def by_key(self, model: str, idempotency_key: str) -> VersionEntry | None:
        """Return the version that was made for an idempotency key, if there is one."""
        query = select(VersionRow).where(
            VersionRow.model == model, VersionRow.idempotency_key == idempotency_key
        )
        with self._database.session() as session:
            row = session.scalars(query).one_or_none()
        return None if row is None else _to_version(row)

    def release_key(self, model: str, version: str) -> None:
        """Free the key of a version that is gone from the registry, for another version."""
        with self._database.session() as session:
            row = session.get_one(VersionRow, (model, version))
            row.idempotency_key = f"{row.idempotency_key}:gone:{version}"

    def history(self, model: str) -> Sequence[VersionEntry]:
        """Return all versions of a model, in the order they were registered."""
        query = select(VersionRow).where(VersionRow.model == model)
        with self._database.session() as session:
            rows = session.scalars(query.order_by(VersionRow.registered_at)).all()
        return [_to_version(row) for row in rows]


def _to_version(row: VersionRow) -> VersionEntry:
    return VersionEntry.model_validate({name: getattr(row, name) for name in VERSION_FIELDS})
