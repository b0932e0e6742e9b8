"""Alembic's entry: runs on the connection that ``Database.migrate`` hands over."""

from alembic import context

from evergreen.ledger.tables import AlertRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=AlertRow.metadata,  # that of all tables
    version_table="evergreen_alembic_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
