"""Deliveries of data and labels, and the predictions made on them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from evergreen.ledger.database import Database
from evergreen.ledger.records import Delivery, DeliveryKind, DeliveryStatus, PredictionLog
from evergreen.ledger.tables import DeliveryRow, PredictionRow
from evergreen.records import QualityResult, Snapshot, Window


class Batches:
    """What was delivered, and the predictions made on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_snapshot(self, snapshot: Snapshot) -> None:
        """Record that a delivery was ingested; a redelivery replaces the earlier row."""
        self._save(
            DeliveryRow(
                model=snapshot.model,
                kind=snapshot.kind,
                batch=snapshot.batch,
                status="received",
                sentence=f"{snapshot.n_rows} rows taken in",
                window_start=snapshot.window.start,
                window_end=snapshot.window.end,
                n_rows=snapshot.n_rows,
                path=snapshot.path,
                sha256=snapshot.sha256,
                quality=None,
                taken_at=datetime.now(UTC),
            )
        )

    def record_refusal(
        self, model: str, kind: DeliveryKind, batch: str, *, status: DeliveryStatus, sentence: str
    ) -> None:
        """Record a delivery that gave no snapshot: unusable files, or labels without a batch."""
        self._save(
            DeliveryRow(
                model=model,
                kind=kind,
                batch=batch,
                status=status,
                sentence=sentence,
                window_start=None,
                window_end=None,
                n_rows=None,
                path=None,
                sha256=None,
                quality=None,
                taken_at=datetime.now(UTC),
            )
        )

    def record_quality(
        self, model: str, kind: DeliveryKind, batch: str, result: QualityResult
    ) -> None:
        """Record the gate's verdict on a delivery that was ingested."""
        with self._database.session() as session:
            row = session.get_one(DeliveryRow, (model, kind, batch))
            row.status = result.verdict
            row.sentence = result.sentence
            row.quality = result.to_json()

    def delivery(self, model: str, kind: DeliveryKind, batch: str) -> Delivery | None:
        """Return one delivery, or None when it never arrived."""
        with self._database.session() as session:
            row = session.get(DeliveryRow, (model, kind, batch))
            return None if row is None else _to_delivery(row)

    def deliveries(
        self, model: str, kind: DeliveryKind, *, status: DeliveryStatus | None = None
    ) -> Sequence[Delivery]:
        """Return the deliveries of one kind, oldest batch first."""
        query = select(DeliveryRow).where(DeliveryRow.model == model, DeliveryRow.kind == kind)
        if status is not None:
            query = query.where(DeliveryRow.status == status)
        with self._database.session() as session:
            rows = session.scalars(query.order_by(DeliveryRow.batch)).all()
            return [_to_delivery(row) for row in rows]

    def first_accepted(self, model: str) -> Delivery | None:
        """Return the data delivery of a model's oldest accepted batch; None before there is one."""
        query = (
            select(DeliveryRow)
            .where(
                DeliveryRow.model == model,
                DeliveryRow.kind == "data",
                DeliveryRow.status == "accepted",
                DeliveryRow.window_end.is_not(None),
            )
            .order_by(DeliveryRow.batch)
            .limit(1)
        )
        with self._database.session() as session:
            row = session.scalars(query).first()
            return None if row is None else _to_delivery(row)

    def forget_snapshot(self, model: str, kind: DeliveryKind, batch: str) -> None:
        """Record that the snapshot of a delivery has passed its retention; its hash stays known."""
        with self._database.session() as session:
            session.get_one(DeliveryRow, (model, kind, batch)).path = None

    def record_predictions(
        self, model: str, batch: str, version: str, *, path: str, sha256: str, n_rows: int
    ) -> None:
        """Record the predictions of one version on one batch; scoring again replaces the row."""
        row = PredictionRow(
            model=model,
            batch=batch,
            version=version,
            path=path,
            sha256=sha256,
            n_rows=n_rows,
            scored_at=datetime.now(UTC),
        )
        with self._database.session() as session:
            session.merge(row)

    def predictions(
        self, model: str, *, version: str | None = None, batch: str | None = None
    ) -> Sequence[PredictionLog]:
        """Return the prediction logs, oldest batch first, then oldest scoring first."""
        query = select(PredictionRow).where(PredictionRow.model == model)
        if version is not None:
            query = query.where(PredictionRow.version == version)
        if batch is not None:
            query = query.where(PredictionRow.batch == batch)
        with self._database.session() as session:
            rows = session.scalars(
                query.order_by(PredictionRow.batch, PredictionRow.scored_at)
            ).all()
            return [
                PredictionLog(
                    model=row.model,
                    batch=row.batch,
                    version=row.version,
                    path=row.path,
                    sha256=row.sha256,
                    n_rows=row.n_rows,
                    scored_at=row.scored_at,
                )
                for row in rows
            ]

    def forget_predictions(self, model: str, batch: str, version: str) -> None:
        """Drop the row of predictions whose file has passed its retention."""
        with self._database.session() as session:
            row = session.get(PredictionRow, (model, batch, version))
            if row is not None:
                session.delete(row)

    def _save(self, row: DeliveryRow) -> None:
        with self._database.session() as session:
            session.merge(row)


def _to_delivery(row: DeliveryRow) -> Delivery:
    window = None
    if row.window_start is not None and row.window_end is not None:
        window = Window(start=row.window_start, end=row.window_end)
    return Delivery.model_validate(
        {
            "model": row.model,
            "kind": row.kind,
            "batch": row.batch,
            "status": row.status,
            "sentence": row.sentence,
            "window": window,
            "n_rows": row.n_rows,
            "path": row.path,
            "sha256": row.sha256,
            "quality": row.quality,
            "taken_at": row.taken_at,
        }
    )
