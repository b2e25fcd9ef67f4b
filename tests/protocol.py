"""What a connection sends to the server, seen in the driver's own protocol, where no statement can hide."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import pq
from sqlalchemy import Engine, event

SENT = re.compile(r"^F\s+\d+\s+(Query|Execute)\b", re.MULTILINE)
COMMITS = re.compile(r'^F\s+\d+\s+(?:Query|Parse)\s.*"COMMIT', re.MULTILINE)
AROUND = 2  # BEGIN and COMMIT


class Sent:
    """How many statements were sent, without the two around them, and how many commits."""

    told = ""

    @property
    def statements(self) -> int:
        return len(SENT.findall(self.told)) - AROUND

    @property
    def commits(self) -> int:
        return len(COMMITS.findall(self.told))


@contextmanager
def listening(engine: Engine) -> Iterator[Sent]:
    """Look at what connections send that are taken out of the pool meanwhile; libpq does it on Linux alone."""
    traced: list[pq.abc.PGconn] = []
    sent = Sent()
    with TemporaryDirectory() as folder, (Path(folder) / "trace").open("w+") as file:

        def trace(connection: Any, *_: Any) -> None:
            connection.pgconn.trace(file.fileno())
            connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            traced.append(connection.pgconn)

        event.listen(engine, "checkout", trace)
        try:
            yield sent
        finally:
            event.remove(engine, "checkout", trace)
            for connection in traced:
                connection.untrace()
            file.seek(0)
            sent.told = file.read()
