"""Alembic's entry: runs on the connection that ``Database.migrate`` hands over."""

from alembic import context

from evergreen.ledger.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table="evergreen_alembic_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
