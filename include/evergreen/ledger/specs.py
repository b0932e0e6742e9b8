"""The specs that runs have used: where each snapshot lies, and its hash."""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from evergreen.ledger.database import Database
from evergreen.ledger.records import FrozenSpec
from evergreen.ledger.tables import SpecRow


class Specs:
    """One row per model and spec; rows are never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, model: str, spec_hash: str) -> FrozenSpec | None:
        """Return where the snapshot of a spec lies; None where no run has used that spec."""
        with self._database.session() as session:
            row = session.get(SpecRow, (model, spec_hash))
            return None if row is None else _to_record(row)

    def record(self, model: str, spec_hash: str, *, path: str, sha256: str) -> FrozenSpec:
        """Record a snapshot; one that is recorded already stays as it is.

        Args:
            model: The model.
            spec_hash: SHA-256 of the spec's files by meaning.
            path: Of the snapshot, relative to the store.
            sha256: Of the snapshot's bytes.
        """
        row = SpecRow(
            model=model,
            spec_hash=spec_hash,
            path=path,
            sha256=sha256,
            frozen_at=datetime.now(UTC),
        )
        known = self.find(model, spec_hash)
        if known is not None:
            return known
        try:
            with self._database.session() as session:
                session.add(row)
                session.flush()
                return _to_record(row)
        except IntegrityError:  # another run recorded the same spec between our two reads
            found = self.find(model, spec_hash)
            if found is None:
                raise
            return found


def _to_record(row: SpecRow) -> FrozenSpec:
    return FrozenSpec(
        model=row.model,
        spec_hash=row.spec_hash,
        path=row.path,
        sha256=row.sha256,
        frozen_at=row.frozen_at,
    )
