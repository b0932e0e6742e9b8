"""Who may promote, who holds, who was asked, and how a new champion does after its promotion."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NAME = sa.String(250)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("promotion_verdict", sa.JSON(), nullable=True))
    with op.batch_alter_table("promotions") as table:
        table.add_column(sa.Column("requested_by", NAME, nullable=False, server_default=""))
    op.create_table(
        "lanes",
        sa.Column("model", NAME, primary_key=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("decision_id", NAME, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("model", NAME, nullable=False, index=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", NAME, nullable=False),
        sa.Column("held_at", MOMENT, nullable=False),
        sa.Column("released_by", NAME, nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column("released_at", MOMENT, nullable=True),
    )
    op.create_table(
        "approvals",
        sa.Column("decision_id", NAME, primary_key=True),
        sa.Column("model", NAME, nullable=False, index=True),
        sa.Column("version", NAME, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answer", NAME, nullable=False),
        sa.Column("answered_by", NAME, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
    )
    op.create_table(
        "watches",
        sa.Column("model", NAME, primary_key=True),
        sa.Column("epoch", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("batch", NAME, primary_key=True),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("gain", sa.Double(), nullable=True),
        sa.Column("gain_se", sa.Double(), nullable=True),
        sa.Column("verdict", NAME, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("watched_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    for name in ("watches", "approvals", "holds", "lanes"):
        op.drop_table(name)
    with op.batch_alter_table("promotions") as table:
        table.drop_column("requested_by")
    with op.batch_alter_table("decisions") as table:
        table.drop_column("promotion_verdict")
