"""Alembic's entry point: runs the migrations on the connection that `storage.migrations_runner` hands over."""

from alembic import context

from storage.orm import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
