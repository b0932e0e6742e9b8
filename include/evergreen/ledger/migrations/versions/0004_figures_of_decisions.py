"""The figures of a decision beside its JSON, so that pages read a long history at once."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NAME = sa.String(250)
CHUNK = 500
FIGURES: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("n_rows", sa.Integer()),
    ("drift_verdict", NAME),
    ("drifted_share", sa.Double()),
    ("moved_share", sa.Double()),
    ("decay_verdict", NAME),
    ("metric_name", NAME),
    ("metric", sa.Double()),
    ("metric_se", sa.Double()),
    ("reference_metric", sa.Double()),
    ("coverage", sa.Double()),
)
DECISIONS = sa.table(
    "decisions",
    sa.column("id", NAME),
    sa.column("signals", sa.JSON()),
    sa.column("decided", sa.JSON()),
    *(sa.column(name, kind) for name, kind in FIGURES),
    sa.column("is_harmless", sa.Boolean()),
)


def upgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        for name, kind in FIGURES:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.add_column(
            sa.Column("is_harmless", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    # Lists of all models walk these instead of the rows, whose JSON fills many pages.
    op.create_index("ix_decisions_model_decided_at", "decisions", ["model", "decided_at", "id"])
    op.create_index(
        "ix_decisions_model_batch", "decisions", ["model", "batch", "outcome", "closed_at"]
    )
    op.create_index("ix_decisions_outcome", "decisions", ["outcome", "model", "verdict"])
    op.create_index(
        "ix_batches_status", "batches", ["kind", "status", "model", "batch", "taken_at"]
    )
    op.create_index("ix_approvals_answer", "approvals", ["answer"])
    connection = op.get_bind()
    update = DECISIONS.update().where(DECISIONS.c.id == sa.bindparam("its_id"))
    names = [name for name, _ in FIGURES] + ["is_harmless"]
    update = update.values({name: sa.bindparam(f"its_{name}") for name in names})
    for rows in _chunks(connection):
        connection.execute(update, [_figures(row) for row in rows])


def _chunks(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """Return all decisions, a few at a time: their JSON may be larger than memory."""
    last = ""
    query = sa.select(DECISIONS.c.id, DECISIONS.c.signals, DECISIONS.c.decided)
    while True:
        part = query.where(DECISIONS.c.id > last).order_by(DECISIONS.c.id).limit(CHUNK)
        rows = [dict(row) for row in connection.execute(part).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    signals, decided = row["signals"] or {}, row["decided"] or {}
    drift, decay = signals.get("drift") or {}, signals.get("decay") or {}
    current, reference = decay.get("current") or {}, decay.get("reference") or {}
    return {
        "its_id": row["id"],
        "its_n_rows": drift.get("n_rows"),
        "its_drift_verdict": _drift_verdict(drift),
        "its_drifted_share": drift.get("drifted_share"),
        "its_moved_share": drift.get("moved_share"),
        "its_decay_verdict": decay.get("verdict"),
        "its_metric_name": (current or reference).get("name"),
        "its_metric": current.get("value"),
        "its_metric_se": current.get("se"),
        "its_reference_metric": reference.get("value"),
        "its_coverage": decay.get("coverage"),
        "its_is_harmless": bool(decided.get("is_harmless_drift")),
    }


def _drift_verdict(drift: Mapping[str, Any]) -> str | None:
    if not drift:
        return None
    if drift.get("drifted_share") is None:
        return "insufficient_data"
    verdicts = {column["verdict"] for column in drift.get("columns") or ()}
    return "drifted" if verdicts & {"drifted", "not_computable"} else "stable"
