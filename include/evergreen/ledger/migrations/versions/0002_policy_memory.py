"""What the policy decided in full, what it remembers, and which batches are held for a fault."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("decided", sa.JSON(), nullable=True))
        table.add_column(sa.Column("state_after", sa.JSON(), nullable=True))
        table.add_column(
            sa.Column("is_suspect", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(
            sa.Column("is_released", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        for column in ("is_released", "is_suspect", "state_after", "decided"):
            table.drop_column(column)
