"""Decisions and the drift measurements they rest on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import delete, or_, select

from evergreen.errors import LedgerError
from evergreen.ledger.database import Database
from evergreen.ledger.decision_columns import figures_of
from evergreen.ledger.records import Decision, Outcome
from evergreen.ledger.tables import DecisionRow, DriftRow
from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.records import Evaluation, PromotionVerdict
from evergreen.signals import HOLD_BATCHES, PolicyDecision, PolicySignals, PolicyState

FIELDS = tuple(Decision.model_fields)
JUDGED = ("bootstrapped", "promoted", "kept", "held", "refused")


def decision_id(model: str, batch: str, run_id: str) -> str:
    """Return the id of the decision of one run: the same for every rerun of that run."""
    return sha256(f"{model}\n{batch}\n{run_id}".encode()).hexdigest()[:16]


class Decisions:
    """The history of decisions: one row per model, batch and run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_drift(self, model: str, batch: str, version: str, drift: DriftMeasurement) -> None:
        """Record drift per feature; measuring the same batch again replaces the rows."""
        now = datetime.now(UTC)
        rows = [
            DriftRow(
                model=model,
                batch=batch,
                version=version,
                feature=column.column,
                position=position,
                verdict=column.verdict,
                psi=column.psi,
                ks=column.ks,
                measurement=column.to_json(),
                measured_at=now,
            )
            for position, column in enumerate(drift.columns)
        ]
        with self._database.session() as session:
            session.execute(
                delete(DriftRow).where(
                    DriftRow.model == model, DriftRow.batch == batch, DriftRow.version == version
                )
            )
            session.add_all(rows)

    def drift(self, model: str, batch: str, version: str) -> Sequence[ColumnDrift]:
        """Return the drift of each feature of one batch, in the order of the spec."""
        query = (
            select(DriftRow)
            .where(DriftRow.model == model, DriftRow.batch == batch, DriftRow.version == version)
            .order_by(DriftRow.position)
        )
        with self._database.session() as session:
            return [ColumnDrift.from_json(row.measurement) for row in session.scalars(query)]

    def open(
        self,
        model: str,
        batch: str,
        run_id: str,
        *,
        decision: PolicyDecision,
        signals: PolicySignals,
        spec_hash: str,
        state_after: PolicyState | None = None,
    ) -> Decision:
        """Record what was decided; deciding again in the same run replaces the row.

        The row keeps its place in time, and its state where none is given: later decisions rest on
        it.
        """
        row = DecisionRow(
            id=decision_id(model, batch, run_id),
            model=model,
            batch=batch,
            run_id=run_id,
            verdict=decision.verdict,
            trigger=decision.trigger,
            sentence=decision.sentence,
            signals=signals.to_json(),
            spec_hash=spec_hash,
            requested_by=signals.request.requested_by,
            reason=signals.request.reason,
            champion_before=signals.champion_version,
            outcome="open",
            outcome_sentence="",
            challenger_version=None,
            champion_after=None,
            evaluation=None,
            report_path=None,
            decided_at=datetime.now(UTC),
            closed_at=None,
            decided=decision.to_json(),
            state_after=None if state_after is None else state_after.to_json(),
            promotion_verdict=None,
            is_suspect=decision.is_suspect,
            is_released=decision.is_released,
            **figures_of(signals, decision)._asdict(),
        )
        with self._database.session() as session:
            mine = session.get(DecisionRow, row.id)
            if mine is not None:
                row.decided_at = mine.decided_at
                row.state_after = row.state_after or mine.state_after
            session.merge(row)
        return self.get(row.id)

    def close(
        self,
        identity: str,
        *,
        outcome: Outcome,
        sentence: str,
        challenger_version: str | None,
        champion_after: str | None,
        evaluation: Evaluation | None,
        report_path: str | None,
        promotion_verdict: PromotionVerdict | None = None,
    ) -> Decision:
        """Record the outcome of a decision; closing it again replaces the outcome."""
        with self._database.session() as session:
            row = session.get_one(DecisionRow, identity)
            row.outcome = outcome
            row.outcome_sentence = sentence
            row.challenger_version = challenger_version
            row.champion_after = champion_after
            row.evaluation = None if evaluation is None else evaluation.to_json()
            row.report_path = report_path
            row.promotion_verdict = promotion_verdict.to_json() if promotion_verdict else None
            row.closed_at = datetime.now(UTC)
        return self.get(identity)

    def get(self, identity: str) -> Decision:
        """Return one decision.

        Raises:
            LedgerError: There is none with that id.
        """
        found = self.find(identity)
        if found is None:
            raise LedgerError(f"no decision {identity!r} in ledger {self._database.name}")
        return found

    def find(self, identity: str) -> Decision | None:
        """Return one decision; None when there is none with that id."""
        with self._database.session() as session:
            row = session.get(DecisionRow, identity)
        return None if row is None else _to_decision(row)

    def of_batch(self, model: str, batch: str) -> Sequence[Decision]:
        """Return all decisions about one batch, oldest first."""
        return self._select(DecisionRow.model == model, DecisionRow.batch == batch)

    def of_run(self, model: str, run_id: str) -> Sequence[Decision]:
        """Return the decisions that one run made, oldest first."""
        return self._select(DecisionRow.model == model, DecisionRow.run_id == run_id)

    def decided_batches(self, model: str) -> set[str]:
        """Return the batches about which a decision was made and brought to its end."""
        query = select(DecisionRow.batch).where(
            DecisionRow.model == model, DecisionRow.outcome.not_in(("open", "failed"))
        )
        with self._database.session() as session:
            return set(session.scalars(query))

    def state_before(self, model: str, identity: str) -> PolicyState:
        """Return the policy's memory for a decision that was made, or is to be made.

        It is the memory that the newest decision before it stored; a rerun finds the same.
        """
        query = select(DecisionRow.state_after).where(
            DecisionRow.model == model,
            DecisionRow.id != identity,
            DecisionRow.state_after.is_not(None),
        )
        with self._database.session() as session:
            mine = session.get(DecisionRow, identity)
            if mine is not None:
                query = query.where(DecisionRow.decided_at < mine.decided_at)
            newest = query.order_by(DecisionRow.decided_at.desc()).limit(1)
            found = session.scalars(newest).one_or_none()
        return PolicyState() if found is None else PolicyState.from_json(found)

    def was_held(self, model: str, identity: str) -> bool:
        """Return whether the newest challenger before this decision won and was held back.

        Only a later decision that judged a challenger ends it; a rerun finds the same.
        """
        query = select(DecisionRow.outcome).where(
            DecisionRow.model == model,
            DecisionRow.id != identity,
            DecisionRow.outcome.in_(JUDGED),
        )
        with self._database.session() as session:
            mine = session.get(DecisionRow, identity)
            if mine is not None:
                query = query.where(DecisionRow.decided_at < mine.decided_at)
            newest = session.scalars(query.order_by(DecisionRow.decided_at.desc()).limit(1)).first()
        return newest == "held"

    def quarantined_batches(self, model: str) -> frozenset[str]:
        """Return the batches that look broken and have not been released since."""
        query = (
            select(DecisionRow.batch, DecisionRow.is_suspect, DecisionRow.is_released)
            .where(DecisionRow.model == model, or_(DecisionRow.is_suspect, DecisionRow.is_released))
            .order_by(DecisionRow.decided_at)
        )
        quarantined: dict[str, None] = {}
        with self._database.session() as session:
            for batch, is_suspect, is_released in session.execute(query):
                quarantined.pop(batch, None)
                if is_released:
                    quarantined = dict.fromkeys(list(quarantined)[:-HOLD_BATCHES])
                if is_suspect:
                    quarantined[batch] = None
        return frozenset(quarantined)

    def history(self, model: str, *, limit: int | None = None) -> Sequence[Decision]:
        """Return the decisions of a model, oldest first; with a limit, the newest that many."""
        if limit is None:
            return self._select(DecisionRow.model == model)
        return self.newest(model, limit=limit)[::-1]

    def newest(self, model: str, *, limit: int, skip: int = 0) -> Sequence[Decision]:
        """Return one page of the decisions of a model, newest first."""
        query = (
            select(DecisionRow)
            .where(DecisionRow.model == model)
            .order_by(DecisionRow.decided_at.desc(), DecisionRow.batch.desc())
        )
        with self._database.session() as session:
            rows = session.scalars(query.limit(limit).offset(skip)).all()
        return [_to_decision(row) for row in rows]

    def evaluations(self, model: str, *, before: str) -> Sequence[Evaluation]:
        """Return what earlier decisions found about challengers against a champion, oldest first.

        Args:
            model: The model.
            before: Id of the decision that looks back; without a row of its own it sees all.
        """
        query = select(DecisionRow.evaluation).where(
            DecisionRow.model == model,
            DecisionRow.id != before,
            DecisionRow.evaluation.is_not(None),
        )
        with self._database.session() as session:
            mine = session.get(DecisionRow, before)
            if mine is not None:
                query = query.where(DecisionRow.decided_at < mine.decided_at)
            found = session.scalars(query.order_by(DecisionRow.decided_at)).all()
        read = [Evaluation.from_json(one) for one in found if one is not None]
        return [one for one in read if one.champion_version is not None]

    def _select(self, *conditions: object) -> list[Decision]:
        query = select(DecisionRow).where(*conditions)  # type: ignore[arg-type]  # column expressions
        with self._database.session() as session:
            rows = session.scalars(query.order_by(DecisionRow.decided_at, DecisionRow.batch)).all()
        return [_to_decision(row) for row in rows]


def _to_decision(row: DecisionRow) -> Decision:
    return Decision.model_validate({name: getattr(row, name) for name in FIELDS})
