"""The figures of a decision beside its JSON, so that pages read a long history at once."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NAME = sa.String(250)
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


def upgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        for name, kind in FIGURES:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.add_column(
            sa.Column("is_harmless", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.create_index("ix_decisions_model_decided_at", ["model", "decided_at"])
