"""Migrated databases for tests: the next one is made, and those that were used are removed, while a test runs."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import Engine, text


class Databases:
    """Copies of a template in one PostgreSQL, by name."""

    def __init__(self, admin: Engine, template: str) -> None:
        self._admin = admin
        self._template = template
        self._numbers = itertools.count(1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="databases")
        self._next = self._thread.submit(self._make)
        self._removals: list[Future[None]] = []

    def take(self) -> str:
        """The name of a database that nobody else has."""
        ready, self._next = self._next, self._thread.submit(self._make)
        return ready.result()

    def remove(self, name: str) -> None:
        """Have it removed soon, whoever is still connected; raises what an earlier removal ran into."""
        for done in [each for each in self._removals if each.done()]:
            self._removals.remove(done)
            done.result()
        self._removals.append(self._thread.submit(self._drop, name))

    def settle(self) -> None:
        """Wait until nothing is made or removed; nothing will be before the next test."""
        self._thread.submit(lambda: None).result()

    def close(self) -> None:
        """Wait for what is under way; the server is thrown away with what is left."""
        self._thread.shutdown(cancel_futures=True)

    def _make(self) -> str:
        name = f"obieg_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        return name

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))
