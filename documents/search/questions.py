"""A query as PostgreSQL takes it: one text query made of quoted lexemes alone, and what to mark in what is found."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import field

from core.records import dataclass
from documents.search.language import (
    Either,
    Every,
    Field,
    Node,
    Phrase,
    SearchRefused,
    Without,
    Word,
    parse,
)
from documents.search.normalising import Token, cleaned, stems, tokens
from documents.search.vectors import NAME, STEM, fact, quoted

SHORTEST_PREFIX = 2  # letters
ALIKE = 2  # letters that a word and its stem have in common at the beginning
FIRST_YEAR, LAST_YEAR = 1990, 2100  # that a date of a filter can have
DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
EVERYTHING, NOTHING = "", "'='"  # no entry has an empty field
KINDS = frozenset({"document", "case", "customer", "contact", "product", "offer", "order", "invoice", "payment"})


@dataclass(frozen=True, slots=True)
class Known:
    """What turns the values of fields into what the index holds."""

    me: str
    customers: Callable[[str], Collection[str]]  # ids of customers by a part of the name
    types: Callable[[str], Collection[str]]  # keys of types by their name


@dataclass(slots=True)
class Marks:
    """What is marked in titles and excerpts."""

    words: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)

    def has(self, token: Token) -> bool:
        """Whether a word of a text is one that was looked for."""
        word = token.word
        if word in self.words or (self.prefixes and word.startswith(tuple(self.prefixes))):
            return True
        if not word.startswith(tuple(each[:ALIKE] for each in self.stems)):
            return False  # stemming is slow, and nearly every stem begins as its word does
        return token.word in self.stems or not self.stems.isdisjoint(stems(token.written))

    def __bool__(self) -> bool:
        return bool(self.words or self.stems or self.prefixes)


@dataclass(frozen=True, slots=True)
class Question:
    """`query` is what must match, empty for everything; `ranked` is what the order looks at, empty for the newest.

    `is_even`: it asks for words alone, which are about as frequent among old entries as among new ones.
    """

    query: str
    ranked: str
    marks: Marks
    is_even: bool


def question(text: str, known: Known, *, is_unfinished: bool = False) -> Question:
    """Understand a query; `is_unfinished`: somebody is still typing the last word. Raises `SearchRefused`."""
    tree = parse(text)
    if is_unfinished and not text[-1:].isspace():
        tree = _with_open_end(tree)
    builder = _Builder(known, is_title_only=is_unfinished)
    query = builder.built(tree, is_wanted=True)
    if not query and not is_unfinished and (place := _first(tree)) is not None:
        raise SearchRefused("There is nothing to look for: words are made of letters and digits.", place)
    return Question(query, " | ".join(dict.fromkeys(builder.ranked)), builder.marks, not builder.has_fields)


def _with_open_end(node: Node) -> Node:
    """The last word stands for all that begin so."""
    if isinstance(node, Word) and any(len(last.word) >= SHORTEST_PREFIX for last in _last(node.text)):
        return Word(node.text, node.start, is_prefix=True)
    if isinstance(node, Every | Either) and node.parts:
        return type(node)((*node.parts[:-1], _with_open_end(node.parts[-1])))
    return node


def _first(node: Node) -> int | None:
    """Where the first word, phrase or field begins; None without any."""
    match node:
        case Every(parts) | Either(parts):
            return next((place for part in parts if (place := _first(part)) is not None), None)
        case Without(part):
            return _first(part)
        case _:
            return node.start


def _last(text: str) -> list[Token]:
    return list(tokens(cleaned(text)))[-1:]


class _Builder:
    """Makes text queries of nodes; an empty one means everything, so it is left out of the query around it."""

    def __init__(self, known: Known, *, is_title_only: bool) -> None:
        self._known, self._mark = known, NAME if is_title_only else ""
        self.ranked: list[str] = []
        self.marks = Marks()
        self.has_fields = False

    def built(self, node: Node, *, is_wanted: bool) -> str:
        """The text query of a node; words that are wanted count for the order and are marked."""
        match node:
            case Every(parts):
                return self._joined(" & ", parts, is_wanted=is_wanted)
            case Either(parts):
                return self._joined(" | ", parts, is_wanted=is_wanted)
            case Without(part):
                inner = self.built(part, is_wanted=not is_wanted)
                return f"!({inner})" if inner else ""
            case Field():
                return self._field(node, is_wanted=is_wanted)
            case Phrase(text, start) | Word(text, start):
                is_prefix = isinstance(node, Word) and node.is_prefix
                found = list(tokens(cleaned(text)))
                query = self._words(found, start, is_prefix=is_prefix, is_exact=isinstance(node, Phrase))
                if is_wanted and query:
                    self.ranked.append(query)
                    self._remember(found, is_prefix=is_prefix, is_exact=isinstance(node, Phrase) or len(found) > 1)
                return query

    def _joined(self, sign: str, parts: Iterable[Node], *, is_wanted: bool) -> str:
        found = [built for part in parts if (built := self.built(part, is_wanted=is_wanted))]
        return found[0] if len(found) == 1 else "(" + sign.join(found) + ")" if found else EVERYTHING

    def _words(
        self, found: list[Token], start: int, *, is_prefix: bool, is_exact: bool, mark: str | None = None
    ) -> str:
        """One word in any form, or several one after the other exactly so."""
        mark = self._mark if mark is None else mark
        if not found:
            return EVERYTHING
        if is_prefix and len(found[-1].word) < SHORTEST_PREFIX:
            raise SearchRefused(f"A beginning needs at least {SHORTEST_PREFIX} letters before the *.", start)
        if len(found) == 1 and not is_prefix and not is_exact:
            return _any_of(_forms(found[0], mark))
        exact = [quoted(mark + token.word) for token in found]
        if is_prefix:
            exact[-1] += ":*"
        sign = " & " if mark else " <-> "  # what stands in the title is kept without positions
        return exact[0] if len(exact) == 1 else "(" + sign.join(exact) + ")"

    def _remember(self, found: list[Token], *, is_prefix: bool, is_exact: bool) -> None:
        for token in found:
            if is_prefix and token is found[-1]:
                self.marks.prefixes.add(token.word)
                continue
            self.marks.words.add(token.word)
            if not is_exact:
                self.marks.stems |= stems(token.written)

    def _field(self, node: Field, *, is_wanted: bool) -> str:
        if node.name in ("before", "after"):
            self.has_fields = True
            return _days(node)
        if node.name == "title":
            found = list(tokens(cleaned(node.value)))
            if is_wanted:
                self._remember(found, is_prefix=node.is_prefix, is_exact=False)
            words = [
                self._words([token], node.start, is_prefix=False, is_exact=False, mark=NAME) for token in found[:-1]
            ]
            words += [self._words(found[-1:], node.start, is_prefix=node.is_prefix, is_exact=False, mark=NAME)]
            return "(" + " & ".join(each for each in words if each) + ")" if found else NOTHING
        self.has_fields = True
        facts = [fact(name, value) for name, value in self._values(node)]
        if node.is_prefix and node.name != "customer":
            return _any_of(facts, ":*")
        return _any_of(facts)

    def _values(self, node: Field) -> list[tuple[str, str]]:
        """Fields and values of the index that a field of a query stands for."""
        value = node.value
        match node.name:
            case "type":
                kinds = [("kind", value)] if value.lower() in KINDS else []
                return [*kinds, ("type", value), *(("type", key) for key in self._known.types(value))]
            case "customer":
                return [("customer", each) for each in self._known.customers(value)]
            case "by":
                return [("by", self._known.me if value.lower() == "me" else value)]
            case "state":
                return [("state", "_".join(value.split()))]
            case "kind" if value.lower() not in KINDS and not node.is_prefix:
                raise SearchRefused(f"kind: is one of {', '.join(sorted(KINDS))}.", node.start)
            case _:
                return [(node.name, value)]


def _forms(token: Token, mark: str) -> list[str]:
    """The lexemes of which an entry with a form of the word has one."""
    roots = sorted(stems(token.written))
    return list(
        dict.fromkeys([mark + token.word, *(mark + each for each in roots), *(mark + STEM + each for each in roots)])
    )


def _any_of(lexemes: Collection[str], ending: str = "") -> str:
    if not lexemes:
        return NOTHING
    made = [quoted(each) + ending for each in dict.fromkeys(lexemes)]
    return made[0] if len(made) == 1 else "(" + " | ".join(made) + ")"


def _days(node: Field) -> str:
    """A stretch of time, of whole years, then months, then days: some seventy lexemes at most, whatever its length."""
    found = DAY.fullmatch(node.value)
    year, month, day = (int(each or 1) for each in found.groups()) if found else (0, 0, 0)
    if not found or not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= 31):
        raise SearchRefused(f"{node.name}: wants a date such as 2026-01-31, 2026-01 or 2026.", node.start)
    if node.name == "before":
        years, months, days = range(FIRST_YEAR - 20, year), range(1, month), range(1, day)
    else:
        years, months, days = range(year + 1, LAST_YEAR + 1), range(month + 1, 13), range(day, 32)
    facts = [fact("year", str(each)) for each in years]
    facts += [fact("month", f"{year:04}-{each:02}") for each in months]
    facts += [fact("day", f"{year:04}-{month:02}-{each:02}") for each in days]
    return _any_of(facts)
