"""What Alembic runs: the migrations, on the connection and within the transaction it is handed."""

from alembic import context

_handed = context.config.attributes
context.configure(
    connection=_handed["connection"],
    target_metadata=_handed["metadata"],
    version_table=_handed["version_table"],
    transactional_ddl=False,  # the transaction is that of who opened the state
)
context.run_migrations()
