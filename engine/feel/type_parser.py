"""Reads the name of a type: `number`, `list<date>`, `context<a: string>`, `function<number> -> string`."""

from functools import lru_cache

from engine.feel.cursor import Cursor
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import KEYWORDS
from engine.feel.types import Type, simple

_LONG = ("days and time duration", "years and months duration", "date and time")


def read_type(cursor: Cursor) -> Type:
    """Take a type; one that is not built in is kept by name and found when the expression runs."""
    with cursor.deeper():
        for long in _LONG:
            words = long.split()
            ahead = cursor.tokens[cursor.position : cursor.position + len(words)]
            if [token.text for token in ahead] == words:
                cursor.position += len(words)
                return Type(long)
        if cursor.ahead.text == "<" and cursor.at("list", "range", "context", "function"):
            return _READERS[cursor.advance().text](cursor)
        name = _qualified(cursor)
        return simple(name) or Type(name)


@lru_cache(maxsize=1024)
def type_named(text: str) -> Type | None:
    """The built-in type that a model's typeRef names, with what stands in its angle brackets; None for any other."""
    if "<" not in text:
        return simple(text)
    try:
        cursor = Cursor(text, ())
        found = read_type(cursor)
    except FeelSyntaxError:
        return None
    return found if cursor.token.kind == "end" else None


def _qualified(cursor: Cursor) -> str:
    if cursor.token.kind != "word":
        raise cursor.unexpected("a type belongs here")
    start = cursor.position
    cursor.advance()
    while cursor.at(".") or (cursor.token.kind == "word" and cursor.token.text not in KEYWORDS):
        cursor.advance()
    return cursor.written(start, cursor.position)


def _list(cursor: Cursor) -> Type:
    cursor.expect("<")
    part = read_type(cursor)
    cursor.expect(">")
    return Type("list", (part,))


def _range(cursor: Cursor) -> Type:
    return Type("range", _list(cursor).parts)


def _context(cursor: Cursor) -> Type:
    cursor.expect("<")
    keys: list[str] = []
    parts: list[Type] = []
    while not cursor.at(">"):
        keys.append(cursor.new_name(":"))
        cursor.expect(":")
        parts.append(read_type(cursor))
        if not cursor.take(","):
            break
    cursor.expect(">")
    return Type("context", tuple(parts), tuple(keys))


def _function(cursor: Cursor) -> Type:
    cursor.expect("<")
    parts: list[Type] = []
    while not cursor.at(">"):
        parts.append(read_type(cursor))
        if not cursor.take(","):
            break
    cursor.expect(">")
    cursor.expect("->")
    return Type("function", tuple(parts), result=read_type(cursor))


_READERS = {"list": _list, "range": _range, "context": _context, "function": _function}
