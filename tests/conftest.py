"""One PostgreSQL for the whole run; every test that asks for `engine` gets a migrated database of its own."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from core.clock import FixedClock
from storage.engine import EmbeddedServer, connect, start_embedded
from storage.schema import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    folder = Path(tempfile.mkdtemp(prefix="obieg-test-"))
    embedded = start_embedded(folder)
    yield embedded
    embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def admin(server: EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(server: EmbeddedServer, admin: Engine) -> str:
    name = "obieg_template"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = connect(server.server.get_uri(database=name))
    migrate(engine)
    engine.dispose()
    return name


@pytest.fixture
def database_url(server: EmbeddedServer, admin: Engine, template: str) -> Iterator[str]:
    name = f"obieg_{next(_numbers)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield server.server.get_uri(database=name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC))
