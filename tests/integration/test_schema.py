import pytest
from sqlalchemy import Engine, inspect

from storage.schema import current, downgrade, migrate, newest


def test_a_fresh_database_is_at_the_newest_revision(engine: Engine) -> None:
    assert current(engine) == newest()


def test_every_migration_goes_down_and_up_again(engine: Engine) -> None:
    downgrade(engine, "base")

    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    assert current(engine) == newest()


@pytest.mark.parametrize("table", ["blob", "blob_upload"])
def test_storage_has_its_tables(engine: Engine, table: str) -> None:
    assert inspect(engine).has_table(table)
