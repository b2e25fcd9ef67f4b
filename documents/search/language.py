"""The language of the search box: words, "phrases", beginnings*, -exclusions, OR, brackets and field:value."""

import difflib
import re
from collections.abc import Iterator
from typing import NoReturn, TypeAlias

from core.errors import InvalidInput
from core.records import dataclass

FIELDS = {
    "kind": "document, case, customer, contact, product, offer or order",
    "type": "a type of documents, or a kind",
    "state": "draft, in_review, approved, signed or void",
    "tag": "a tag",
    "number": "a number, or its beginning with *",
    "customer": "a part of a customer's name, or its number",
    "by": "the account that filed or started it, or me",
    "process": "the key of a process",
    "title": "words of the title, number or tags",
    "year": "a year such as 2026",
    "after": "on that day or later, such as 2026-01-31, 2026-01 or 2026",
    "before": "before that day, such as 2026-01-31, 2026-01 or 2026",
}
LONGEST = 1000  # characters of a query
MOST_PARTS = 60  # words, phrases and fields of a query
DEEPEST = 20  # brackets inside brackets
OR, AND, NOT = "OR", "AND", "NOT"
SIGNS = re.compile(r"\s+|(?P<open>\()|(?P<close>\))|(?P<quote>\")")
FIELD = re.compile(r"(?P<name>[A-Za-z_]+):(?!//|:|\\)")  # no addresses, no std::vector, no C:\Temp
UNREADABLE = re.compile("[\0\ud800-\udfff]")  # that no database takes
RUN = re.compile(r'[^\s()"]+')


class SearchRefused(InvalidInput):
    """The query cannot be understood; `position` counts its characters from 1."""

    code = "search_query_refused"

    def __init__(self, sentence: str, position: int) -> None:
        where = f"{sentence} (at character {position})"
        super().__init__(where, position=position, fields={"/q": where})


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its forms; with `is_prefix` all words that begin so."""

    text: str
    start: int
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exactly these words in this order."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field that has a value; with `is_prefix` one that begins so."""

    name: str
    value: str
    start: int
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Without:
    """What must not be."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must be; without parts everything is."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts must be."""

    parts: tuple["Node", ...]


Node: TypeAlias = Word | Phrase | Field | Without | Every | Either


def parse(text: str) -> Node:
    """The query as a tree. Raises `SearchRefused` that says what is wrong and where."""
    if len(text) > LONGEST:
        raise SearchRefused(f"A search has at most {LONGEST} characters.", LONGEST + 1)
    reader = _Reader(list(_lexemes(UNREADABLE.sub(" ", text))), len(text) + 1)
    found = reader.either(0)
    reader.expect_end()
    return found


@dataclass(frozen=True, slots=True)
class _Lexeme:
    kind: str  # "(" ")" "-" OR AND, or "leaf"
    start: int
    leaf: Word | Phrase | Field | None = None


def _lexemes(text: str) -> Iterator[_Lexeme]:
    at = 0
    while at < len(text):
        sign = SIGNS.match(text, at)
        if sign and (sign["open"] or sign["close"]):
            yield _Lexeme(sign.group(), at + 1)
        if sign and not sign["quote"]:
            at = sign.end()
            continue
        if text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace():
            yield _Lexeme("-", at + 1)
            at += 1
            continue
        lexeme, at = _part(text, at)
        yield lexeme


def _part(text: str, at: int) -> tuple[_Lexeme, int]:
    """A phrase, a field or a word that begins at a place, and where it ends."""
    if text[at] == '"':
        value, end = _quoted(text, at)
        return _Lexeme("leaf", at + 1, Phrase(value, at + 1)), end
    field = FIELD.match(text, at)
    if field and (field["name"].lower() in FIELDS or text[field.end() : field.end() + 1].strip()):
        return _field(text, field)
    run = RUN.match(text, at)
    assert run is not None  # anything else was a sign
    word = run.group()
    if word in (OR, AND):
        return _Lexeme(word, at + 1), run.end()
    if word == NOT:
        return _Lexeme("-", at + 1), run.end()
    return _Lexeme("leaf", at + 1, Word(word.rstrip("*"), at + 1, word.endswith("*"))), run.end()


def _quoted(text: str, at: int) -> tuple[str, int]:
    end = text.find('"', at + 1)
    if end < 0:
        raise SearchRefused("A quotation mark opens a phrase that nothing closes. Add a second one behind it.", at + 1)
    return text[at + 1 : end], end + 1


def _field(text: str, found: re.Match[str]) -> tuple[_Lexeme, int]:
    name, start, at = found["name"].lower(), found.start() + 1, found.end()
    if name not in FIELDS:
        _unknown(found["name"], start)
    if text[at : at + 1] == '"':
        value, end = _quoted(text, at)
    else:
        run = RUN.match(text, at)
        if run is None:
            raise SearchRefused(f"{name}: wants a value right behind the colon: {FIELDS[name]}.", at + 1)
        value, end = run.group(), run.end()
    is_prefix = value.endswith("*")
    value = value.rstrip("*").strip()
    if not value:
        raise SearchRefused(f"{name}: wants a value: {FIELDS[name]}.", at + 1)
    return _Lexeme("leaf", start, Field(name, value, start, is_prefix)), end


def _unknown(name: str, start: int) -> NoReturn:
    near = difflib.get_close_matches(name.lower(), FIELDS, n=1)
    meant = f" Do you mean {near[0]}:?" if near else f" Fields are {', '.join(FIELDS)}."
    raise SearchRefused(f"There is no field “{name}”.{meant} To find the text itself, put it into quotes.", start)


class _Reader:
    """Reads lexemes from left to right; `end` is the position behind the query."""

    def __init__(self, lexemes: list[_Lexeme], end: int) -> None:
        self._lexemes, self._at, self._end, self._parts = lexemes, 0, end, 0

    def either(self, depth: int) -> Node:
        """Parts with OR between them."""
        parts = [self._every(depth)]
        while (found := self._peek()) is not None and found.kind == OR:
            self._at += 1
            part = self._every(depth)
            if not _says_something(parts[-1]) or not _says_something(part):
                raise SearchRefused("OR stands between two things to look for; one is missing.", found.start)
            parts.append(part)
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def expect_end(self) -> None:
        """Refuse a bracket that closes nothing."""
        if (found := self._peek()) is not None:
            raise SearchRefused("This bracket closes nothing.", found.start)

    def _every(self, depth: int) -> Node:
        parts = []
        while (found := self._peek()) is not None and found.kind not in (OR, ")"):
            if found.kind == AND:  # it is what stands between words anyway
                self._at += 1
                continue
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Node:
        found = self._lexemes[self._at]
        self._at += 1
        if found.kind == "-":
            following = self._peek()
            if following is None or following.kind in (OR, AND, ")"):
                raise SearchRefused("Behind the minus sign comes what must not be found.", found.start)
            return Without(self._one(depth + 1)) if depth < DEEPEST else self._too_deep(found)
        if found.kind == "(":
            if depth >= DEEPEST:
                self._too_deep(found)
            inner = self.either(depth + 1)
            closing = self._peek()
            if closing is None:
                raise SearchRefused("This bracket is never closed. Add ) behind what belongs together.", found.start)
            self._at += 1
            return inner
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise SearchRefused(f"A search has at most {MOST_PARTS} words, phrases and fields.", found.start)
        assert found.leaf is not None  # the other kinds are dealt with above
        return found.leaf

    def _too_deep(self, found: _Lexeme) -> NoReturn:
        raise SearchRefused(f"Brackets stand inside one another at most {DEEPEST} times.", found.start)

    def _peek(self) -> _Lexeme | None:
        return self._lexemes[self._at] if self._at < len(self._lexemes) else None


def _says_something(node: Node) -> bool:
    return not (isinstance(node, Every) and not node.parts)
