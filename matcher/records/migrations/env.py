"""Alembic's entry: runs the migrations on the connection and in the transaction that `migrating.upgrade` gives it."""

from alembic import context

from matcher.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
