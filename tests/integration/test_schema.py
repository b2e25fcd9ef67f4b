"""Migrations and models: the same tables, up and down, from anywhere."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from storage import schema
from storage.engine import connect
from storage.jobs.schema import is_foreign
from storage.orm import NAMING, Base
from storage.schema import current, downgrade, migrate, newest

MODELS = (
    "storage.models",
    "audit.models",
    "audit.reads.models",
    "engine.models",
    "engine.migration.models",
    "engine.studio.models",
    "documents.models",
    "documents.intake_models",
    "documents.mail.models",
    "documents.search.models",
    "documents.orders.models",
    "documents.packages.models",
    "documents.signatures.models",
    "documents.reminders.models",
    "documents.sharing.models",
    "documents.templates.models",
    "documents.content.models",
    "documents.records.models",
    "crm.models",
    "crm.dictionary_models",
    "crm.duplicate_models",
    "crm.sales.models",
    "crm.payments.models",
    "crm.activities.models",
    "crm.after_sales.models",
    "crm.campaigns.models",
    "crm.date_reminders.models",
    "crm.visits.models",
    "crm.planning.models",
    "crm.calls.models",
    "crm.erp.models",
    "crm.outbox.models",
    "crm.imports.models",
    "crm.mailings.models",
    "crm.mass_edits.models",
    "crm.links.models",
    "crm.segments.models",
    "crm.pricing.models",
    "crm.privacy.models",
    "crm.devices.models",
    "processes.dunning.models",
    "processes.helpdesk.models",
    "processes.sales_cycle.models",
    "processes.offer_approval.models",
    "webapp.accounts.models",
    "webapp.inbox.models",
    "webapp.webhooks.models",
)
WAITS = (
    "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    " AND now() - query_start > interval '400 milliseconds'"
)
LEFT = (  # what a database has that is neither a table nor in one
    "SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
    " AND typname NOT IN ('alembic_version', '_alembic_version')"
    " UNION ALL SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relname NOT LIKE 'alembic_version%'"
)


@pytest.fixture
def empty(database_url: str, admin: Engine) -> Any:
    """A database in which nothing has happened yet."""
    name = database_url.split("?", maxsplit=1)[0].rpartition("/")[2] + "_empty"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(admin.url.set(database=name), poolclass=NullPool)
    yield engine
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_a_fresh_database_is_at_the_newest_revision(engine: Engine) -> None:
    assert current(engine) == newest()


def test_an_empty_database_is_at_no_revision(empty: Engine) -> None:
    assert current(empty) is None


def test_every_migration_goes_down_and_up_again(engine: Engine) -> None:
    downgrade(engine, "base")

    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    assert current(engine) == newest()


def test_going_down_leaves_nothing_behind(engine: Engine) -> None:
    downgrade(engine, "base")

    with engine.connect() as connection:
        assert list(connection.execute(text(LEFT)).scalars()) == []


def test_every_single_step_goes_down_and_up_again(empty: Engine) -> None:
    steps = [step.revision for step in ScriptDirectory.from_config(schema._config()).walk_revisions()][::-1]

    for before, step in zip(["base", *steps], steps, strict=False):
        migrate(empty, step)
        downgrade(empty, before)
        migrate(empty, step)

    assert current(empty) == newest()


def test_copies_of_letters_that_were_destroyed_earlier_go_and_those_of_others_stay(empty: Engine) -> None:
    gone, shared, kept = (each * 64 for each in "abc")
    letters = (("D1", True, gone), ("D2", True, shared), ("D3", False, shared), ("D4", False, kept))
    migrate(empty, "0029_emergency")
    with empty.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the merge itself does not matter
        for digest in (gone, shared, kept):
            connection.execute(text("INSERT INTO blob VALUES (:digest, 1, now())"), {"digest": digest})
        for position, (document, is_destroyed, digest) in enumerate(letters):
            connection.execute(
                text(
                    "INSERT INTO document (id, title, latest, created_at, created_by, destroyed_at)"
                    " VALUES (:id, 'Letter', 1, now(), 'anna', CASE WHEN :is_destroyed THEN now() END)"
                ),
                {"id": document, "is_destroyed": is_destroyed},
            )
            connection.execute(
                text("INSERT INTO mail_merge_letter VALUES ('M', :n, 'crm.customer', :id, 'A', 'filed', :id, :digest)"),
                {"n": position, "id": document, "digest": digest},
            )

    migrate(empty, "0030_letters")

    with empty.connect() as connection:
        left = connection.execute(text("SELECT digest FROM blob ORDER BY digest")).scalars().all()
        told = connection.execute(text("SELECT pdf_digest FROM mail_merge_letter ORDER BY position")).scalars().all()
    assert left == [shared, kept]
    assert told == [None, None, shared, kept]
    downgrade(empty, "0029_emergency")


def test_processes_that_migrate_at_once_wait_for_one_another(empty: Engine) -> None:
    engine = connect(empty.url.render_as_string(hide_password=False))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(engine), range(4)))

    assert current(engine) == newest()
    engine.dispose()


def test_a_migration_waits_for_another_for_as_long_as_that_takes(empty: Engine) -> None:
    options = {"options": "-c lock_timeout=100"}  # milliseconds
    impatient = create_engine(empty.url.set(drivername="postgresql+psycopg"), connect_args=options)
    with ThreadPoolExecutor(1) as pool, empty.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": schema.LOCK})
        waiting = pool.submit(migrate, impatient)
        while not waiting.done() and not other.execute(text(WAITS)).scalar():
            pass
        other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": schema.LOCK})
        waiting.result()

    assert current(empty) == newest()
    impatient.dispose()


def test_models_and_migrations_describe_the_same_tables(engine: Engine) -> None:
    for name in MODELS:
        importlib.import_module(name)

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
        return not (kind == "table" and is_foreign(name))

    with engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    assert differences == []


def test_every_constraint_has_the_name_that_the_house_gives(engine: Engine) -> None:
    found = inspect(engine)
    odd = []
    for table in found.get_table_names():
        if is_foreign(table) or table == "alembic_version":
            continue
        names = [found.get_pk_constraint(table)["name"]]
        names += [each["name"] for each in found.get_foreign_keys(table) + found.get_unique_constraints(table)]
        names += [each["name"] for each in found.get_indexes(table)]
        odd += [f"{table}: {name}" for name in names if str(name).split("_")[0] not in {*NAMING, "ex"}]  # exclusions

    assert odd == []


@pytest.mark.parametrize("table", ["blob", "blob_upload", "procrastinate_jobs"])
def test_storage_has_its_tables(engine: Engine, table: str) -> None:
    assert inspect(engine).has_table(table)
