"""Statements that a connection keeps prepared, for the few whose time counts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from sqlalchemy import Engine, PoolProxiedConnection

from storage.ahead import Ahead, Patient
from storage.faults import is_lost

Driver: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
Key: TypeAlias = tuple[bytes, tuple[int, ...]]  # text and types of values
INFO = "obieg.prepared"  # where a pooled connection keeps this
KEPT = 100  # statements; the one that was prepared first makes room
FINE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}


NAMES = b"SELECT name FROM pg_prepared_statements WHERE name LIKE 'obieg%'"


class PreparedStatements:
    """Executes statements with `$1`, `$2`, … on one connection, in its transaction; all raise `psycopg.Error`.

    psycopg converts the values, but libpq is called without the machinery between: that costs a tenth of a millisecond
    per statement, more than PostgreSQL needs for most of them. A call blocks its thread and lets others run.

    What is sent ahead is executed while the program goes on. Whoever uses the connection next waits for it, and gets
    its error.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._connection = driver.pgconn
        self._adapter = Transformer(driver)
        self._names: dict[Key, bytes] = {}
        self._once: dict[Key, None] = {}  # what was executed once: worth preparing when it comes again
        self._columns: dict[bytes, list[str]] = {}  # the names of a query's columns
        self._made = 0
        self._drops = self._counted()  # when the server was known to have all of them
        self._is_touched = False  # whether something may have been done in this transaction
        self._ahead = Ahead(driver) if isinstance(driver, Patient) else None

    @classmethod
    def of(cls, pooled: PoolProxiedConnection) -> "PreparedStatements":
        """Those of a connection, which it keeps when it goes back into the pool."""
        found: PreparedStatements | None = pooled.info.get(INFO)
        if found is None:
            driver: Any = pooled.driver_connection
            found = pooled.info[INFO] = cls(driver)
        return found

    def begin(self) -> None:
        """Begin a transaction unless there is one."""
        self._is_touched = self._connection.transaction_status != pq.TransactionStatus.IDLE
        if not self._is_touched:
            self._checked(self._connection.exec_(b"BEGIN"))

    def touch(self) -> None:
        """Others execute statements in this transaction: it cannot simply begin anew."""
        self._is_touched = True

    def doubt(self) -> None:
        """Others have rolled back a part: psycopg drops all prepared statements then."""
        self._drops = None

    def commit(self) -> None:
        """Commit what was begun."""
        self.catch_up()
        self._checked(self._connection.exec_(b"COMMIT"))

    def execute(self, text: bytes, values: Sequence[Any] = ()) -> pq.abc.PGresult:
        """Execute a statement; the first time as it is, from then on prepared."""
        self.catch_up()
        key, dumped = self._key(text, values)
        return self._execute(key, dumped)

    def send_ahead(self, text: bytes, values: Sequence[Any] = ()) -> None:
        """Have a statement executed and go on, if it is prepared already; any other is executed at once.

        Its error is raised when the connection is used next; nothing that was sent after it is executed then.
        """
        key, dumped = self._key(text, values)
        name = self._names.get(key)
        if self._ahead is None or name is None:
            self.catch_up()
            self._execute(key, dumped)
        else:
            self._ahead.send(name, dumped, self._adapter.formats, self.catch_up)
            self._is_touched = True

    def catch_up(self) -> None:
        """Wait for what was sent ahead, if anything was; raises what went wrong first."""
        if not self._ahead:
            return
        for result in self._ahead.results():
            try:
                self._checked(result)
            except InvalidSqlStatementName:
                self._names.clear()
                raise

    def give_up(self) -> bool:
        """Wait for what was sent ahead, which is undone whatever came of it; whether the connection is of use."""
        with suppress(psycopg.Error):
            self.catch_up()
        return self._ahead is None or self._ahead.is_over

    def _key(self, text: bytes, values: Sequence[Any]) -> tuple[Key, Any]:
        """What a statement is known by, and its values as the server reads them."""
        if self._is_touched and self._names and (self._drops is None or self._drops != self._counted()):
            self.catch_up()
            self._look()
        dumped: Any = self._adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return (text, self._adapter.types or ()), dumped

    def _execute(self, key: Key, dumped: Any) -> pq.abc.PGresult:
        formats = self._adapter.formats
        if key in self._names or key in self._once:
            result = self._execute_prepared(key, dumped, formats)
        else:
            self._note(key)
            text, types = key
            result = self._checked(self._connection.exec_params(text, dumped, types, formats))
        self._is_touched = True
        return result

    def _execute_prepared(self, key: Key, dumped: Any, formats: Any) -> pq.abc.PGresult:
        name = self._names.get(key) or self._prepare(key)
        try:
            return self._checked(self._connection.exec_prepared(name, dumped, formats))
        except InvalidSqlStatementName:
            self._names.clear()
            if self._is_touched:
                raise
            if self._connection.transaction_status != pq.TransactionStatus.IDLE:
                self._checked(self._connection.exec_(b"ROLLBACK"))  # nothing is lost: this was the first statement
                self.begin()
            return self._checked(self._connection.exec_prepared(self._prepare(key), dumped, formats))

    def _counted(self) -> int | None:
        """How often psycopg dropped all prepared statements of this connection, where that is counted."""
        return getattr(self.driver, "drops", None)

    def fetch_alone(self, text: bytes, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of a query outside of a transaction, or in the one that others have begun; one round trip."""
        self._is_touched = self._connection.transaction_status != pq.TransactionStatus.IDLE
        return self.fetch(text, values)

    def fetch(self, text: bytes, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of a query."""
        result = self.execute(text, values)
        names = self._columns.get(text)
        if names is None or len(names) != result.nfields:
            names = [(result.fname(number) or b"").decode() for number in range(result.nfields)]
            self._columns = {**self._columns, text: names} if len(self._columns) < KEPT else {text: names}
        self._adapter.set_pgresult(result)
        return [dict(zip(names, row, strict=True)) for row in self._adapter.load_rows(0, result.ntuples, tuple)]

    def _look(self) -> None:
        found = self._checked(self._connection.exec_(NAMES))
        known = {found.get_value(row, 0) for row in range(found.ntuples)}
        self._names = {key: name for key, name in self._names.items() if name in known}
        self._drops = self._counted()

    def _note(self, key: Key) -> None:
        if len(self._once) >= KEPT:
            self._once.pop(next(iter(self._once)))
        self._once[key] = None

    def _prepare(self, key: Key) -> bytes:
        if len(self._names) >= KEPT:
            oldest = self._names.pop(next(iter(self._names)))
            self._checked(self._connection.exec_(b"DEALLOCATE " + oldest))
        self._made += 1
        name = b"obieg_%d" % self._made
        self._checked(self._connection.prepare(name, *key))
        self._once.pop(key, None)
        self._names[key] = name
        return name

    def _checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in FINE:
            return result
        if self._connection.status == pq.ConnStatus.BAD or result.error_field(pq.DiagnosticField.SQLSTATE) is None:
            # what is not the server's word is libpq's: the connection is lost, though libpq may not call it bad yet
            raise psycopg.OperationalError(self._connection.get_error_message())
        raise error_from_result(result, encoding=self.driver.info.encoding)


@contextmanager
def executing(engine: Engine) -> Iterator[PreparedStatements]:
    """A transaction of its own on a connection of the pool, committed at the end; for one statement or a few."""
    with _pooled(engine) as prepared:
        prepared.begin()
        yield prepared
        prepared.commit()


def fetch_once(engine: Engine, text: bytes, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """All rows of one query on a connection of the pool; the statement is its own transaction."""
    with _pooled(engine) as prepared:
        return prepared.fetch_alone(text, values)


@contextmanager
def _pooled(engine: Engine) -> Iterator[PreparedStatements]:
    pooled = engine.raw_connection()
    prepared = PreparedStatements.of(pooled)
    try:
        yield prepared
    except BaseException as error:
        if prepared.driver.broken or is_lost(error):
            pooled.invalidate()
        raise
    finally:
        pooled.close()  # rolls back what was not committed
