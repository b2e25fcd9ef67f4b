"""Where the records of a graph of links are drawn: one column for each ring, the lines between them as curves."""

from collections.abc import Mapping, Sequence

from core.records import dataclass
from crm.links.queries import Edge, Graph, Node

WIDTH, HEIGHT = 212, 52  # pixels of a box
GAP, STEP = 64, 68  # pixels between columns, and from one box to the next below it
MARGIN = 16
LONGEST = 24  # characters that fit into a box


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A record as it is drawn; `relation` says what it is to the one before it."""

    node: Node
    title: str
    relation: str
    before: str | None
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A link as it is drawn: an SVG path, and the sentence that it stands for."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes and lines, in a picture of so many pixels."""

    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int


def drawn(graph: Graph, language: str = "en") -> Drawing:
    """The graph in columns: the record itself on the left, what is linked to it beside it, and so on."""
    before = _before(graph)
    columns: dict[int, list[int]] = {}
    order: dict[int, int] = {}
    for place, node in enumerate(graph.nodes):
        columns.setdefault(node.ring, []).append(place)
    for ring in sorted(columns):
        columns[ring].sort(key=lambda place: (order.get(before[place][0], 0) if place in before else 0, place))
        order |= {place: number for number, place in enumerate(columns[ring])}
    tallest = max(len(places) for places in columns.values())
    boxes = [
        _box(graph, place, order[place], tallest - len(columns[node.ring]), before, language)
        for place, node in enumerate(graph.nodes)
    ]
    return Drawing(
        boxes=boxes,
        lines=[_line(each, boxes, language) for each in graph.edges],
        width=2 * MARGIN + len(columns) * WIDTH + (len(columns) - 1) * GAP + GAP // 2,
        height=2 * MARGIN + tallest * STEP - (STEP - HEIGHT),
    )


def label(labels: Mapping[str, str], language: str, code: str) -> str:
    """The words of a direction in a language, else in another one."""
    return labels.get(language) or next(iter(labels.values()), code)


def _before(graph: Graph) -> dict[int, tuple[int, Edge]]:
    """For each record but the first the one that led to it, and the link that did."""
    found: dict[int, tuple[int, Edge]] = {}
    for edge in graph.edges:
        for here, there in ((edge.first, edge.second), (edge.second, edge.first)):
            if graph.nodes[there].ring == graph.nodes[here].ring + 1:
                found.setdefault(there, (here, edge))
    return found


def _box(graph: Graph, place: int, row: int, free: int, before: Mapping[int, tuple[int, Edge]], language: str) -> Box:
    node = graph.nodes[place]
    relation, nearer = "", None
    if place in before:
        at, edge = before[place]
        relation = label(edge.labels if edge.first == place else edge.inverse_labels, language, edge.type)
        nearer = graph.nodes[at].title
    return Box(
        node=node,
        title=_short(node.title),
        relation=_short(relation),
        before=nearer,
        x=MARGIN + node.ring * (WIDTH + GAP),
        y=MARGIN + row * STEP + free * STEP // 2,
    )


def _line(edge: Edge, boxes: Sequence[Box], language: str) -> Line:
    first, second = boxes[edge.first], boxes[edge.second]
    sentence = f"{first.node.title} – {label(edge.labels, language, edge.type)} – {second.node.title}"
    left, right = (first, second) if first.x <= second.x else (second, first)
    start, end = left.y + HEIGHT // 2, right.y + HEIGHT // 2
    if left.x == right.x:  # around the right side of both
        x = left.x + WIDTH
        return Line(path=f"M{x} {start} C{x + GAP // 2} {start} {x + GAP // 2} {end} {x} {end}", sentence=sentence)
    x1, x2 = left.x + WIDTH, right.x
    middle = (x1 + x2) // 2
    return Line(path=f"M{x1} {start} C{middle} {start} {middle} {end} {x2} {end}", sentence=sentence)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
