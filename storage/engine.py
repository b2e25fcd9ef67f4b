"""The database: PostgreSQL from the wheel in the data folder, or the server that `OBIEG_DATABASE_URL` names."""

from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from core.settings import Settings
from storage.ahead import Patient
from storage.embedded import EmbeddedServer, start_embedded
from storage.ownership import DataFolder

__all__ = ["Database", "EmbeddedServer", "connect", "start_embedded"]

CONNECT_TIMEOUT = 10  # seconds; a database that is down refuses at once, a busy machine may stall for some
LOCK_TIMEOUT = 10_000  # milliseconds that a statement waits for somebody else's lock


def connect(url: str, *, pool: int = 12) -> Engine:
    """An engine with a pool of connections; nothing is sent until the first use."""
    engine = sqlalchemy.create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool,
        max_overflow=4,
        pool_timeout=5,
        pool_recycle=3600,
        pool_use_lifo=True,  # the connection that was used last has its statements and its caches at hand
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "prepare_threshold": 2,
            "options": f"-c timezone=utc -c lock_timeout={LOCK_TIMEOUT}",
        },
    )
    event.listen(engine, "do_connect", _connect)
    return engine


class _Connection(Patient):
    """Counts how often psycopg dropped all prepared statements, those of `storage.prepared` included.

    The pool rolls back whatever it takes back; where nothing has begun, that need not cost anything.
    """

    drops = 0

    def rollback(self) -> None:
        if self.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            super().rollback()

    def _deallocate(self, name: bytes | None) -> Any:
        self.drops += name is None
        return super()._deallocate(name)


def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> _Connection:
    return _Connection.connect(*arguments, **options)


@dataclass(slots=True)
class Database:
    """The database of one process: its engine, and the embedded server with its folder where there is one."""

    engine: Engine
    embedded: EmbeddedServer | None = None
    folder: DataFolder | None = None

    @classmethod
    def open(cls, settings: Settings) -> "Database":
        """Connect as the settings say; starts or joins the embedded server when no URL is set.

        Raises `Unavailable` and `StorageFull`.
        """
        if settings.database_url:
            return cls(connect(settings.database_url, pool=settings.database_pool))
        folder = DataFolder(settings.data)
        folder.join()
        try:
            embedded = start_embedded(settings.data)
        except BaseException:
            folder.leave()
            raise
        return cls(connect(embedded.url, pool=settings.database_pool), embedded, folder)

    def close(self) -> None:
        """Give the connections back; the last process that uses an embedded server stops it."""
        self.engine.dispose()
        if self.embedded is not None and self.folder is not None:
            if self.folder.is_last():
                self.embedded.stop()
            self.folder.leave()
