"""Changes that a unit of work makes with one statement."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

import psycopg

from storage.prepared import PreparedStatements

Parts: TypeAlias = tuple[tuple[str, str], ...]  # names and texts
MANY = 500  # values; a statement with more is not remembered: its like hardly comes again
MAXIMUM_PLACES = 65_000  # the protocol counts them with 16 bits; beyond that the values are written into the text


class Writes:
    """Statements that are sent as one: each a common table expression, the last one the statement itself.

    They see the database as it was before all of them, and happen together or not at all. Texts are constants of the
    program with places such as `%(instance)s`; the same name means the same value everywhere.
    """

    def __init__(self, **values: Any) -> None:
        self.values = values
        self._parts: dict[str, str] = {}

    def add(self, text: str, *, name: str | None = None, **values: Any) -> None:
        """One more statement; others can read what it returns under its name."""
        self._parts[name or f"part{len(self._parts)}"] = text
        self.values.update(values)

    def ride(self, text: str, **values: Any) -> None:
        """One more statement with names of its own, whatever others call theirs: `{n}` stands before each."""
        mine = f"r{len(self.values)}_"
        self.add(text.replace("{n}", mine), **{mine + name: value for name, value in values.items()})

    def send(self, prepared: PreparedStatements, *, ahead: bool = False) -> None:
        """Execute them all; one round trip, whatever their number, and none that is waited for if `ahead`."""
        parts, values = tuple(self._parts.items()), self.values
        if len(values) > MAXIMUM_PLACES:
            prepared.catch_up()
            psycopg.ClientCursor(prepared.driver).execute(_joined(parts).encode(), values)
            return
        text, names = _numbered(parts) if len(values) < MANY else _numbered.__wrapped__(parts)
        send = prepared.send_ahead if ahead else prepared.execute
        send(text, [values[name] for name in names])


def _joined(parts: Parts) -> str:
    *others, last = parts
    named = ", ".join([f"{name} AS ({text})" for name, text in others])
    return f"WITH {named} {last[1]}" if named else last[1]


@lru_cache(maxsize=500)
def _numbered(parts: Parts) -> tuple[bytes, tuple[str, ...]]:
    """The statement with numbered places, and the names in that order."""
    places = _Places()
    text = _joined(parts) % places
    return text.encode(), tuple(places)


class _Places(dict[str, str]):
    """Numbers names in the order in which they are asked for, as the server wants them."""

    def __missing__(self, name: str) -> str:
        place = self[name] = f"${len(self) + 1}"
        return place


def to_array(texts: Iterable[str]) -> str:
    """Texts as PostgreSQL writes an array of them (its manual, 8.15.2); psycopg takes ten times as long to do that."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
