"""The first tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("incident", sa.String(length=250), nullable=False),
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=250), nullable=False),
        sa.Column("thread", sa.String(length=250), nullable=False),
        sa.Column("alert", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=250), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("message_ts", sa.String(length=250), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_index(op.f("ix_alerts_model"), "alerts", ["model"], unique=False)
    op.create_index(op.f("ix_alerts_state"), "alerts", ["state"], unique=False)
    op.create_index(op.f("ix_alerts_thread"), "alerts", ["thread"], unique=False)
    op.create_table(
        "batches",
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=250), nullable=False),
        sa.Column("batch", sa.String(length=250), nullable=False),
        sa.Column("status", sa.String(length=250), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_rows", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=250), nullable=True),
        sa.Column("quality", sa.JSON(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "kind", "batch"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=250), nullable=False),
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("batch", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("verdict", sa.String(length=250), nullable=False),
        sa.Column("trigger", sa.String(length=250), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("signals", sa.JSON(), nullable=False),
        sa.Column("spec_hash", sa.String(length=250), nullable=False),
        sa.Column("requested_by", sa.String(length=250), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("champion_before", sa.String(length=250), nullable=True),
        sa.Column("outcome", sa.String(length=250), nullable=False),
        sa.Column("outcome_sentence", sa.Text(), nullable=False),
        sa.Column("challenger_version", sa.String(length=250), nullable=True),
        sa.Column("champion_after", sa.String(length=250), nullable=True),
        sa.Column("evaluation", sa.JSON(), nullable=True),
        sa.Column("report_path", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_decisions_batch"), "decisions", ["batch"], unique=False)
    op.create_index(op.f("ix_decisions_model"), "decisions", ["model"], unique=False)
    op.create_table(
        "drift_measurements",
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("batch", sa.String(length=250), nullable=False),
        sa.Column("version", sa.String(length=250), nullable=False),
        sa.Column("feature", sa.String(length=250), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=250), nullable=False),
        sa.Column("psi", sa.Double(), nullable=True),
        sa.Column("ks", sa.Double(), nullable=True),
        sa.Column("measurement", sa.JSON(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "batch", "version", "feature"),
    )
    op.create_table(
        "model_versions",
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("version", sa.String(length=250), nullable=False),
        sa.Column("idempotency_key", sa.String(length=250), nullable=False),
        sa.Column("sha256", sa.String(length=250), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("trained", sa.JSON(), nullable=False),
        sa.Column("evaluation", sa.JSON(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "version"),
        sa.UniqueConstraint("model", "idempotency_key"),
    )
    op.create_table(
        "predictions",
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("batch", sa.String(length=250), nullable=False),
        sa.Column("version", sa.String(length=250), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=250), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "batch", "version"),
    )
    op.create_table(
        "promotions",
        sa.Column("model", sa.String(length=250), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=250), nullable=False),
        sa.Column("previous_version", sa.String(length=250), nullable=True),
        sa.Column("sha256", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=250), nullable=False),
        sa.Column("state", sa.String(length=250), nullable=False),
        sa.Column("decision_id", sa.String(length=250), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "epoch"),
        sa.UniqueConstraint("model", "decision_id"),
    )


def downgrade() -> None:
    op.drop_table("promotions")
    op.drop_table("predictions")
    op.drop_table("model_versions")
    op.drop_table("drift_measurements")
    op.drop_index(op.f("ix_decisions_model"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_batch"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("batches")
    op.drop_index(op.f("ix_alerts_thread"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_state"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_model"), table_name="alerts")
    op.drop_table("alerts")
