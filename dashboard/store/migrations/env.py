"""Run by Alembic: applies the migrations within the transaction that dashboard.store.migration began."""

from __future__ import annotations

from alembic import context

from dashboard.store.migration import VERSION_TABLE
from dashboard.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # also in SQLite: we began the transaction, it is kept whole or not
    render_as_batch=True,  # SQLite alters a column by making the table anew
)
with context.begin_transaction():
    context.run_migrations()
