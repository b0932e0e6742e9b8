"""One thread per incident, and what people did from a page."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NAME = sa.String(250)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("open_key", NAME, nullable=True, unique=True),
        sa.Column("model", NAME, nullable=False, index=True),
        sa.Column("topic", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("severity", NAME, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("must_act", sa.Boolean(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False, server_default=""),
        sa.Column("n_events", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("n_calm", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("channel", NAME, nullable=False, server_default=""),
        sa.Column("message_ts", NAME, nullable=True),
        sa.Column("acknowledged_by", NAME, nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("acknowledge_reason", sa.Text(), nullable=True),
        sa.Column("snoozed_until", MOMENT, nullable=True),
        sa.Column("snoozed_by", NAME, nullable=True),
        sa.Column("snooze_reason", sa.Text(), nullable=True),
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("model", NAME, nullable=False, index=True),
        sa.Column("action", NAME, nullable=False),
        sa.Column("done_by", NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=False),
    )
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("incident_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("role", NAME, nullable=False, server_default="note"))
        table.add_column(sa.Column("channel", NAME, nullable=False, server_default=""))
        table.create_index("ix_alerts_incident_id", ["incident_id"])
