"""Reading links from either end, and what lies around a record; only what the actor may see at both ends."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, tuple_, union_all

from core.records import dataclass
from crm.links.ends import CUSTOMER, End, LinkedRecords
from crm.links.errors import RecordNotVisible
from crm.links.linking import ends_of
from crm.links.models import RecordLinkRow
from crm.links.types import LinkType, types_by_code
from crm.merging import family
from crm.paging import Part
from storage.unit_of_work import Reading

MOST = 200  # links of one page
LOOKED_AT = 5  # batches for one page, when most of what is linked is hidden
DEEPEST = 3
NODES = 60  # records of a graph
EDGES = 400  # links that are looked at for one ring of a graph, and that one shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as one end sees it; `labels` say by language what this end is to the other one."""

    id: str
    type: str
    labels: dict[str, str]
    is_inverse: bool
    kind: str
    record: str
    title: str
    note: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A record in a graph; `ring` is how many links it is away."""

    kind: str
    record: str
    title: str
    ring: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A link in a graph; `first` and `second` are places in its list of nodes."""

    id: str
    type: str
    labels: dict[str, str]
    inverse_labels: dict[str, str]
    first: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What lies around a record, itself first; `is_cut` when there is more than is shown."""

    nodes: list[Node]
    edges: list[Edge]
    is_cut: bool


def links(view: Reading, end: End, *, after: str | None = None, limit: int = 50) -> Part[Link]:
    """Links of a record, newest first. Raises `RecordNotVisible`."""
    same = _same(view, end)
    types = types_by_code(view)
    size = max(1, min(limit, MOST))
    found: list[Link] = []
    place = after
    for _ in range(LOOKED_AT):
        rows = list(view.session.scalars(_of_one(same, place, size + 1)))
        shown = _seen(view, rows[:size], same, types)
        for row in rows[:size]:
            if len(found) == size:
                return Part(items=found, next=place, total=None)
            if row.id in shown:
                found.append(shown[row.id])
            place = row.id
        if len(rows) <= size:
            return Part(items=found, next=None, total=len(found) if after is None else None)
    return Part(items=found, next=place, total=None)


def graph(view: Reading, end: End, *, depth: int = 2, most: int = NODES) -> Graph:
    """What lies around a record, up to `depth` links away, nearest first. Raises `RecordNotVisible`."""
    same = _same(view, end)
    titles = dict(view.port(LinkedRecords).titles(view, [end]))
    rings = {end: 0}
    ring, is_cut = same, False
    for distance in range(1, max(1, min(depth, DEEPEST)) + 1):
        rows = _around(view, ring)
        known = {*rings, *same}
        new = dict.fromkeys(each for row in rows[:EDGES] for each in ends_of(row) if each not in known)
        seen = view.port(LinkedRecords).titles(view, list(new)) if new else {}
        ring = [each for each in new if each in seen]
        is_cut = is_cut or len(rows) > EDGES or len(rings) + len(ring) > most
        ring = ring[: most - len(rings)]
        rings |= dict.fromkeys(ring, distance)
        titles |= {each: seen[each] for each in ring}
        if not ring:
            break
    places = {each: number for number, each in enumerate(rings)} | dict.fromkeys(same, 0)
    rows = _among(view, list(places))
    types = types_by_code(view)
    return Graph(
        nodes=[Node(kind=each.kind, record=each.id, title=titles[each], ring=ring) for each, ring in rings.items()],
        edges=[_edge(row, places, types[row.type]) for row in rows[:EDGES]],
        is_cut=is_cut or len(rows) > EDGES,
    )


def _same(view: Reading, end: End) -> list[End]:
    """The record, and those that were merged into it. Raises `RecordNotVisible`."""
    if end not in view.port(LinkedRecords).titles(view, [end]):
        raise RecordNotVisible(end)
    if end.kind != CUSTOMER:
        return [end]
    return [End(CUSTOMER, each) for each in family(view, end.id)]


def _from(ends: Iterable[End]) -> ColumnElement[bool]:
    return tuple_(RecordLinkRow.from_kind, RecordLinkRow.from_id).in_([(each.kind, each.id) for each in ends])


def _to(ends: Iterable[End]) -> ColumnElement[bool]:
    return tuple_(RecordLinkRow.to_kind, RecordLinkRow.to_id).in_([(each.kind, each.id) for each in ends])


def _of_one(same: list[End], after: str | None, limit: int) -> Select[RecordLinkRow]:
    """Two ranges of two indexes, each as long as a page."""
    halves = []
    for mine in (_from(same), _to(same)):
        half = select(RecordLinkRow.id).where(mine)
        if after is not None:
            half = half.where(RecordLinkRow.id < after)
        halves.append(half.order_by(RecordLinkRow.id.desc()).limit(limit).subquery())
    ids = union_all(*(select(half.c.id) for half in halves)).subquery()
    wanted = select(RecordLinkRow).where(RecordLinkRow.id.in_(select(ids.c.id)))
    return wanted.order_by(RecordLinkRow.id.desc()).limit(limit)


def _seen(
    view: Reading, rows: Collection[RecordLinkRow], same: Collection[End], types: dict[str, LinkType]
) -> dict[str, Link]:
    """Those links whose other end the actor may see, by id."""
    others = {row.id: next((each for each in ends_of(row) if each not in same), None) for row in rows}
    titles = view.port(LinkedRecords).titles(view, {each for each in others.values() if each is not None})
    found = {}
    for row in rows:
        other = others[row.id]
        if other is None or other not in titles:
            continue
        is_inverse = other == ends_of(row)[0]
        type_ = types[row.type]
        found[row.id] = Link(
            id=row.id,
            type=row.type,
            labels=type_.inverse_labels if is_inverse and not type_.is_symmetric else type_.labels,
            is_inverse=is_inverse and not type_.is_symmetric,
            kind=other.kind,
            record=other.id,
            title=titles[other],
            note=row.note,
            created_at=row.created_at,
            created_by=row.created_by,
        )
    return found


def _around(view: Reading, ring: list[End]) -> list[RecordLinkRow]:
    wanted = select(RecordLinkRow).where(or_(_from(ring), _to(ring)))
    return list(view.session.scalars(wanted.order_by(RecordLinkRow.id.desc()).limit(EDGES + 1)))


def _among(view: Reading, ends: list[End]) -> list[RecordLinkRow]:
    wanted = select(RecordLinkRow).where(_from(ends), _to(ends))
    return list(view.session.scalars(wanted.order_by(RecordLinkRow.id).limit(EDGES + 1)))


def _edge(row: RecordLinkRow, places: dict[End, int], type_: LinkType) -> Edge:
    first, second = ends_of(row)
    return Edge(
        id=row.id,
        type=row.type,
        labels=type_.labels,
        inverse_labels=type_.inverse_labels or type_.labels,
        first=places[first],
        second=places[second],
    )
