"""Where everything of a diagram stands: as its file says, else in columns of our own."""

from collections.abc import Iterable
from dataclasses import field

from core.records import dataclass
from engine.bpmn.read import BPMN, Xml, children, flag, local

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
COLUMN, ROW = 170.0, 120.0  # of our own layout
SIZES = {"event": (36.0, 36.0), "gateway": (50.0, 50.0), "data": (36.0, 50.0)}
TASK = (110.0, 80.0)
MOST = 10_000  # of a coordinate; what lies farther away is drawn at the edge

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(slots=True)
class Shape:
    """A node, pool, lane or artifact with its place."""

    element: Xml
    box: Box
    label: Box | None = None
    expanded: bool = True


@dataclass(slots=True)
class Edge:
    """A flow or association with the points that it goes through."""

    element: Xml
    points: list[Point]
    label: Box | None = None


@dataclass(slots=True)
class Layout:
    """Everything that is drawn, what lies below first."""

    shapes: list[Shape] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def bounds(self) -> Box:
        """What it all fits into."""
        xs, ys = [], []
        for box in (each for shape in self.shapes for each in (shape.box, shape.label) if each is not None):
            xs += [box.x, box.x + box.width]
            ys += [box.y, box.y + box.height]
        for x, y in (point for edge in self.edges for point in edge.points):
            xs.append(x)
            ys.append(y)
        left, top = min(xs, default=0.0), min(ys, default=0.0)
        return Box(left, top, max(xs, default=100.0) - left, max(ys, default=60.0) - top)


def lay_out(root: Xml, process_id: str) -> Layout:
    """The layout of one process of a file, with the pools and lanes around it."""
    wanted = _elements(root, process_id)
    placed = _read(root, wanted)
    if placed.shapes:
        return placed
    process = next(each for each in children(root, "process") if each.get("id") == process_id)
    made = Layout()
    _arrange(process, made, 0.0)
    return made


def kind_of(element: Xml) -> str:
    """event, gateway, data or activity."""
    name = local(element)
    if name.endswith("Event"):
        return "event"
    if name.endswith("Gateway"):
        return "gateway"
    return "data" if name in {"dataObjectReference", "dataStoreReference"} else "activity"


def _elements(root: Xml, process_id: str) -> dict[str, Xml]:
    """What belongs to the process, by id."""
    found: dict[str, Xml] = {}
    for process in children(root, "process"):
        if process.get("id") == process_id:
            found |= {each.get("id"): each for each in process.iter(f"{{{BPMN}}}*") if each.get("id")}
    for each in root.iter(f"{{{BPMN}}}participant"):
        if each.get("processRef") == process_id:
            found[each.get("id")] = each
    return found


def _read(root: Xml, wanted: dict[str, Xml]) -> Layout:
    layout = Layout()
    for shape in root.iter(f"{{{DI}}}BPMNShape"):
        element, box = wanted.get(shape.get("bpmnElement")), _box(shape)
        if element is not None and box is not None:
            expanded = flag(shape, "isExpanded", default=True)
            layout.shapes.append(Shape(element, box, _label(shape), expanded=expanded))
    for edge in root.iter(f"{{{DI}}}BPMNEdge"):
        element = wanted.get(edge.get("bpmnElement"))
        points = [(_number(each.get("x")), _number(each.get("y"))) for each in edge.findall(f"{{{DD}}}waypoint")]
        if element is not None and len(points) > 1:
            layout.edges.append(Edge(element, points, _label(edge)))
    layout.shapes.sort(key=lambda shape: -shape.box.width * shape.box.height)  # what is inside lies above
    return layout


def _label(holder: Xml) -> Box | None:
    label = holder.find(f"{{{DI}}}BPMNLabel")
    return None if label is None else _box(label)


def _box(holder: Xml) -> Box | None:
    bounds = holder.find(f"{{{DC}}}Bounds")
    if bounds is None:
        return None
    return Box(*(_number(bounds.get(name)) for name in ("x", "y", "width", "height")))


def _number(text: str | None) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return max(-MOST, min(MOST, value)) if value == value else 0.0  # noqa: PLR0124 -- NaN is not itself


def _arrange(scope: Xml, layout: Layout, top: float) -> float:
    """Put the nodes of a scope into columns by their distance from the start; returns where the next one begins."""
    nodes = [each for each in scope if each.get("id") and _is_node(each)]
    flows = children(scope, "sequenceFlow")
    ranks = _ranks(nodes, flows)
    rows: dict[int, int] = {}
    boxes: dict[str, Box] = {}
    inner = []
    for node in nodes:
        rank = ranks[node.get("id")]
        row = rows.get(rank, 0)
        rows[rank] = row + 1
        width, height = SIZES.get(kind_of(node), TASK)
        x, y = rank * COLUMN + (TASK[0] - width) / 2, top + row * ROW + (TASK[1] - height) / 2
        boxes[node.get("id")] = Box(x, y, width, height)
        inside = any(_is_node(each) for each in node)
        layout.shapes.append(Shape(node, boxes[node.get("id")], expanded=not inside))
        inner += [node] if inside else []
    for flow in flows:
        source, target = boxes.get(flow.get("sourceRef")), boxes.get(flow.get("targetRef"))
        if source is not None and target is not None:
            layout.edges.append(Edge(flow, _way(source, target)))
    bottom = top + max(rows.values(), default=1) * ROW
    for node in inner:
        bottom = _arrange(node, layout, bottom + ROW / 4)
    return bottom


def _is_node(element: Xml) -> bool:
    return local(element).endswith(("Event", "Gateway", "Task", "task", "Activity", "ubProcess", "transaction"))


def _ranks(nodes: Iterable[Xml], flows: Iterable[Xml]) -> dict[str, int]:
    known = {node.get("id"): node for node in nodes}
    ways: dict[str, list[str]] = {name: [] for name in known}
    reached = set()
    for flow in flows:
        if flow.get("sourceRef") in ways and flow.get("targetRef") in known:
            ways[flow.get("sourceRef")].append(flow.get("targetRef"))
            reached.add(flow.get("targetRef"))
    ranks: dict[str, int] = {}
    hosts = {name: node.get("attachedToRef") for name, node in known.items() if node.get("attachedToRef")}
    turn = [name for name in known if name not in reached and name not in hosts]
    for name in turn:
        ranks[name] = 0
    while turn:
        name = turn.pop(0)
        after = [*ways[name], *(guest for guest, host in hosts.items() if host == name)]
        for each in after:
            if each not in ranks:
                ranks[each] = ranks[name] + 1
                turn.append(each)
    return {name: ranks.get(name, 0) for name in known}


def _way(source: Box, target: Box) -> list[Point]:
    if target.x >= source.x + source.width:
        start, end = (source.x + source.width, source.middle[1]), (target.x, target.middle[1])
        half = (start[0] + end[0]) / 2
        return [start, (half, start[1]), (half, end[1]), end]
    below = max(source.y + source.height, target.y + target.height) + 14
    return [
        (source.middle[0], source.y + source.height),
        (source.middle[0], below),
        (target.middle[0], below),
        (target.middle[0], target.y + target.height),
    ]
