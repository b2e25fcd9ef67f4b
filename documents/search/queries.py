"""Searching: one ranked list of what fits and what the actor may see, with counts beside it and excerpts."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Float, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from core.errors import InvalidInput
from core.records import dataclass
from documents.models import DocumentTypeRow
from documents.search.excerpts import LOOKED_AT, SHOWN, Piece, excerpt, marked
from documents.search.finding import Finder, Window
from documents.search.meaning import meant
from documents.search.models import SearchEntryRow
from documents.search.normalising import folded
from documents.search.ports import DOCUMENT
from documents.search.questions import SHORTEST_PREFIX, Known, Question, question
from documents.search.statements import Found
from documents.search.texts import beginnings
from storage.unit_of_work import Reading

MOST = 100  # entries of one page
UNRANKED = 50  # entries that are looked at where nothing is to be ranked
MOST_CUSTOMERS = 50  # that one filter can mean
MOST_VALUES = 8  # of a facet
WEIGHTS = (0.1, 0.3, 0.6, 1.0)  # of a word in the text, in what it is about, in number and tags, in the title
GREATEST = 1 << 40  # above the number of every entry
BY_LENGTH = 1  # divides by the logarithm of the length
BEST, NEWEST = ORDERS = ("best", "newest")
FACETS = ("kind", "type", "state", "customer", "tag", "year")
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found; `facts` are its fields with their values."""

    kind: str
    id: str
    title: tuple[Piece, ...]
    about: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    facts: Mapping[str, tuple[str, ...]]
    dated: date


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value that some of the results have; `label` is for people."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A field by which the results can be narrowed; the most frequent values first."""

    field: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """A page of results; `next` continues, None at the end.

    `total` counts what was looked at; with `is_more` there is more than that, and facets count the newest only.
    `meant` is a query that finds something when this one finds nothing.
    """

    items: tuple[Hit, ...]
    next: str | None
    total: int
    is_more: bool
    facets: tuple[Facet, ...]
    meant: str | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a page begins: in the window whose newest entry is `top`, behind an entry of a rank."""

    top: int | None = None
    rank: float | None = None
    seq: int = 0

    @classmethod
    def read(cls, after: str | None) -> "_Mark":
        """Raises `InvalidInput` for what no page has said."""
        if not after:
            return cls()
        try:
            top, *place = after.split("_")
            made = cls(int(top), float(place[0]), int(place[1])) if place else cls(int(top))
        except (ValueError, IndexError):
            made = cls(-1)
        if made.top not in range(GREATEST):
            sentence = "This is no mark that a page of results has given. Search again from the beginning."
            raise InvalidInput(sentence, fields={"/after": sentence})
        return made

    def is_behind(self, rank: float, seq: int) -> bool:
        """Whether an entry comes after this mark."""
        return self.rank is None or (rank, seq) < (self.rank, self.seq)


def search(
    view: Reading, text: str, *, after: str | None = None, limit: int = 20, order: str = BEST, facets: bool = True
) -> SearchPage:
    """What fits a query, the best or the newest first. Raises `SearchRefused`, `SearchTooBroad`, `InvalidInput`.

    The newest 300 entries that fit and may be seen are looked at (100 where they lie far apart, and for who has very
    many cases), ranked among themselves and counted; the next ones follow when those are through. So a page costs the
    same, whether ten entries fit or a million.
    """
    if order not in ORDERS:
        sentence = f"Results are in one of these orders: {', '.join(ORDERS)}."
        raise InvalidInput(sentence, fields={"/order": sentence})
    mark, limit = _Mark.read(after), max(1, min(limit, MOST))
    finder = Finder(view)
    known = _known(view, finder)
    asked = question(text, known)
    most = finder.window if asked.ranked and order == BEST else min(finder.window, max(UNRANKED, limit))
    window = finder.newest(asked.query, most, top=mark.top, is_even=asked.is_even)
    is_nothing = not window.found and window.rest is None and mark.top is None
    ranked = _ranked(view, asked, window.found, order)
    following = [each for each in ranked if mark.is_behind(*each)]
    shown = following[:limit]
    return SearchPage(
        items=_hits(view, [seq for _, seq in shown], asked),
        next=_next(window, mark, shown, is_more=len(following) > limit),
        total=len(window.found),
        is_more=window.rest is not None or mark.top is not None,
        facets=_facets(view, finder, window.found) if facets else (),
        meant=meant(view, finder, text, known) if asked.ranked and is_nothing else None,
    )


def suggest(view: Reading, text: str, *, limit: int = 8) -> tuple[Hit, ...]:
    """What fits while somebody is still typing: by title, number and tags, the last word not finished yet."""
    finder = Finder(view)
    asked = question(text, _known(view, finder), is_unfinished=True)
    if not asked.query:
        return ()
    window = finder.newest(asked.query, limit, is_even=asked.is_even)
    return _hits(view, [each.seq for each in window.found], asked, with_text=False)


def _known(view: Reading, finder: Finder) -> Known:
    def customers(value: str) -> Collection[str]:
        """By words of the name, or the number; only those that the reader may see."""
        wanted = value.replace('"', " ").strip()
        ending = "*" if wanted[-SHORTEST_PREFIX:].isalnum() and len(wanted) >= SHORTEST_PREFIX else ""
        named = question(f'kind:{CUSTOMER} title:"{wanted}{ending}"', Known(view.actor.id, _none, _none))
        found = finder.newest(named.query, MOST_CUSTOMERS, is_even=True, is_last=True).found
        return [each.removeprefix("customer:") for one in found for each in one.facts if each.startswith("customer:")]

    def types(value: str) -> Collection[str]:
        wanted = folded(value)
        rows = view.session.execute(select(DocumentTypeRow.key, DocumentTypeRow.name))
        return [key for key, name in rows if folded(name) == wanted]

    return Known(view.actor.id, customers, types)


def _none(value: str) -> Collection[str]:
    del value
    return ()


def _ranked(view: Reading, asked: Question, found: Sequence[Found], order: str) -> list[tuple[float, int]]:
    """Rank and number of each, the best first; one look at each of their vectors."""
    if not asked.ranked or order == NEWEST or not found:
        return [(0.0, each.seq) for each in found]
    row = SearchEntryRow
    weights = cast(list(WEIGHTS), ARRAY(Float(precision=24)))
    rank = func.ts_rank(weights, row.terms, cast(asked.ranked, TSQUERY), BY_LENGTH)
    query = select(rank, row.seq).where(row.seq == func.any(cast([each.seq for each in found], ARRAY(BigInteger))))
    return sorted(((float(each), seq) for each, seq in view.session.execute(query)), reverse=True)


def _next(window: Window, mark: _Mark, shown: Sequence[tuple[float, int]], *, is_more: bool) -> str | None:
    if is_more:
        rank, seq = shown[-1]
        top = mark.top if mark.top is not None else window.found[0].seq
        return f"{top}_{rank!r}_{seq}"
    return None if window.rest is None else str(window.rest)


def _hits(view: Reading, seqs: Sequence[int], asked: Question, *, with_text: bool = True) -> tuple[Hit, ...]:
    row = SearchEntryRow
    columns = (row.seq, row.kind, row.subject, row.title, row.about, row.facts, row.dated)
    rows = {each.seq: each for each in view.session.execute(select(*columns).where(row.seq.in_(seqs)))} if seqs else {}
    documents = [each.subject for each in rows.values() if each.kind == DOCUMENT] if with_text else []
    texts = beginnings(view, documents, most=LOOKED_AT if asked.marks else SHOWN)
    return tuple(_hit(rows[seq], texts.get(rows[seq].subject, ""), asked) for seq in seqs if seq in rows)


def _hit(row: Any, text: str, asked: Question) -> Hit:
    return Hit(
        kind=row.kind,
        id=row.subject,
        title=marked(row.title, asked.marks),
        about=marked(row.about, asked.marks),
        excerpt=excerpt(text, asked.marks) if text else (),
        facts=_by_field(row.facts),
        dated=row.dated,
    )


def _by_field(facts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in facts:
        name, _, value = each.partition(":")
        found[name] = (*found.get(name, ()), value)
    return found


def _facets(view: Reading, finder: Finder, found: Sequence[Found]) -> tuple[Facet, ...]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for one in found:
        for each in one.facts:
            name, _, value = each.partition(":")
            if name in counts:
                counts[name][value] += 1
    most = {name: counter.most_common(MOST_VALUES) for name, counter in counts.items()}
    labels = _types(view, [value for value, _ in most["type"]])
    labels |= _customers(finder, [value for value, _ in most[CUSTOMER]])
    made = []
    for name, values in most.items():
        known = [each for each in values if name != CUSTOMER or (name, each[0]) in labels]
        ordered = sorted(known, reverse=True) if name == "year" else known
        if len(ordered) > 1 or (ordered and name == CUSTOMER):
            shown = tuple(FacetValue(value, labels.get((name, value), value), count) for value, count in ordered)
            made.append(Facet(name, shown))
    return tuple(made)


def _types(view: Reading, keys: Collection[str]) -> dict[tuple[str, str], str]:
    if not keys:
        return {}
    rows = view.session.execute(select(DocumentTypeRow.key, DocumentTypeRow.name).where(DocumentTypeRow.key.in_(keys)))
    return {("type", key): name for key, name in rows}


def _customers(finder: Finder, ids: Collection[str]) -> dict[tuple[str, str], str]:
    """The names of those customers that the reader may see."""
    if not ids:
        return {}
    return {(CUSTOMER, subject): title for subject, title in finder.titles(CUSTOMER, ids).items()}
