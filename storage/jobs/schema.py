"""Procrastinate's own tables: put in place by the first migration, and left alone by ours."""

import psycopg
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection

PREFIX = "procrastinate_"
NEWEST_MIGRATION = "03.04.00_50_post_add_retry_failed_job_procedure.sql"  # what our migrations bring the schema to

REMOVE = """
DO $$
DECLARE statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname LIKE 'procrastinate\\_%'
        UNION ALL
        SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
         WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\\_%'
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype) FROM pg_type
         WHERE typnamespace = current_schema()::regnamespace AND typname LIKE 'procrastinate\\_%'
           AND typtype IN ('e', 'c') AND typrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 'r')
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$
"""


def install(connection: Connection) -> None:
    """Create the tables, types and functions of the installed procrastinate."""
    _driver(connection).execute(SchemaManager.get_schema())


def remove(connection: Connection) -> None:
    """Remove them, and the jobs in them."""
    _driver(connection).execute(REMOVE)


def is_foreign(name: str | None) -> bool:
    """Whether a table is procrastinate's: our models do not describe it."""
    return (name or "").startswith(PREFIX)


def _driver(connection: Connection) -> "psycopg.Connection[object]":
    """Psycopg's own connection: it sends many statements at once, and takes a percent sign for what it is."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
