"""The spec that each run was made with."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NAME = sa.String(250)


def upgrade() -> None:
    op.create_table(
        "specs",
        sa.Column("model", NAME, primary_key=True),
        sa.Column("spec_hash", NAME, primary_key=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", NAME, nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("specs")
