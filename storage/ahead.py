"""Statements that are sent while those before them are executed: libpq's pipeline mode (PostgreSQL's manual, 32.5)."""

import selectors
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg
from psycopg import pq

Answer = TypeVar("Answer")


class Patient(psycopg.Connection[Any]):
    """A connection whose other users wait for what was sent ahead: psycopg does not know that it is on its way."""

    before_use: Callable[[], None] | None = None

    def wait(self, gen: Generator[Any, Any, Answer], *arguments: Any, **options: Any) -> Answer:
        """Every statement of psycopg comes by here."""
        if self.before_use is not None:
            self.before_use()
        return super().wait(gen, *arguments, **options)


class Ahead:
    """What was sent on a connection and whose results nobody has looked at yet."""

    def __init__(self, driver: Patient) -> None:
        self._driver = driver
        self._connection = driver.pgconn
        self._number = 0

    def __bool__(self) -> bool:
        return self._number > 0

    def send(self, name: bytes, values: Any, formats: Any, before_use: Callable[[], None]) -> None:
        """Send a prepared statement; `before_use` is called before anything else uses the connection."""
        if not self._number:
            self._connection.enter_pipeline_mode()
            self._driver.before_use = before_use
        self._connection.send_query_prepared(name, values, formats)
        self._number += 1

    def results(self) -> list[pq.abc.PGresult]:
        """Wait for all of them, letting others run; behind one that fails all say that they were not executed."""
        number, self._number = self._number, 0
        self._driver.before_use = None
        self._connection.pipeline_sync()
        found: list[pq.abc.PGresult] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection.socket, selectors.EVENT_READ)
            while len(found) <= number:  # the last one is that of the end
                self._wait(selector)
                result = self._connection.get_result()
                if result is not None:  # what comes between two of them
                    found.append(result)
        self._connection.exit_pipeline_mode()
        return found[:-1]

    def _wait(self, selector: selectors.BaseSelector) -> None:
        connection = self._connection
        while (unsent := connection.flush()) or connection.is_busy():
            writing = selectors.EVENT_WRITE if unsent else 0
            selector.modify(connection.socket, selectors.EVENT_READ | writing)
            if any(event & selectors.EVENT_READ for _, event in selector.select()):
                connection.consume_input()

    @property
    def is_over(self) -> bool:
        """Whether the connection is out of the mode; one that was interrupted in it is of no further use."""
        return self._connection.pipeline_status == pq.PipelineStatus.OFF
