"""What Alembic runs: our steps, on the connection that `schema.upgrade` gives."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
