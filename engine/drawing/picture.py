"""Makes the picture: shapes, lines and texts, with marks that a style sheet colours."""

import textwrap
from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from engine.bpmn.findings import Findings
from engine.bpmn.read import Xml, child_text, children, flag, local, read_bpmn
from engine.bpmn.support import EVENT_DEFINITIONS
from engine.drawing.glyphs import ALL_OF_THEM, EVENTS, GATEWAYS, MARKERS, MULTIPLE, TASKS
from engine.drawing.layout import Box, Edge, Point, Shape, kind_of, lay_out

MARGIN = 24
LINE = 13  # height of a line of text
CHARACTER = 6.0  # mean width
_THROWING = {"endEvent", "intermediateThrowEvent"}
_SUB = {"subProcess", "transaction", "adHocSubProcess"}


def draw(
    content: bytes,
    process_id: str,
    marks: Mapping[str, Collection[str]],
    *,
    title: str,
    badges: Mapping[str, int] | None = None,
    style: str = "",
) -> str:
    """The SVG of one process of a file that was accepted; `marks` gives classes to elements by their id.

    `badges` are numbers that stand at nodes, such as those of tokens. Without `style` it has none of its own: `.node`,
    `.flow`, `.text`, `.badge` and the marks are for the page around it.
    """
    root = read_bpmn(content, Findings(""))
    assert root is not None
    layout = lay_out(root, process_id)
    box = layout.bounds()
    view = f"{box.x - MARGIN:g} {box.y - MARGIN:g} {box.width + 2 * MARGIN:g} {box.height + 2 * MARGIN + LINE:g}"
    areas = [shape for shape in layout.shapes if local(shape.element) in {"participant", "lane", "group"}]
    others = [shape for shape in layout.shapes if shape not in areas]
    scopes = [shape for shape in others if shape.expanded and local(shape.element) in _SUB]
    drawn = [_shape(shape, marks) for shape in (*areas, *scopes)]
    drawn += [_edge(edge, marks) for edge in layout.edges]
    drawn += [_shape(shape, marks) for shape in others if shape not in scopes]
    drawn += [
        _badge(shape.box, badges[key]) for shape in others if badges and (key := shape.element.get("id")) in badges
    ]
    width = box.width + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{width:g}" '
        f'style="--natural:{width:g}px" role="img">'
        f"<title>{escape(title)}</title>{f'<style>{style}</style>' if style else ''}<defs>"
        '<marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M0 1L9 5L0 9z"/></marker></defs>' + "".join(drawn) + "</svg>"
    )


def _classes(element: Xml, kind: str, marks: Mapping[str, Collection[str]]) -> str:
    return " ".join([kind, local(element), *marks.get(element.get("id"), ())])


def _group(element: Xml, kind: str, marks: Mapping[str, Collection[str]], inner: str) -> str:
    name = element.get("name") or element.get("id")
    tip = f"<title>{escape(name)} ({escape(element.get('id'))})</title>"
    return f'<g class="{escape(_classes(element, kind, marks))}">{tip}{inner}</g>'


def _shape(shape: Shape, marks: Mapping[str, Collection[str]]) -> str:
    element, box = shape.element, shape.box
    name = local(element)
    if name in {"participant", "lane"}:
        return _group(element, "area", marks, _rectangle(box, 0) + _beside(box, element.get("name") or ""))
    if name == "group":
        return _group(element, "area", marks, _rectangle(box, 8))
    if name == "textAnnotation":
        inner = f'<path d="M{box.x + 12:g} {box.y:g}H{box.x:g}V{box.y + box.height:g}h12"/>'
        return _group(element, "note", marks, inner + _text(child_text(element, "text") or "", box))
    match kind_of(element):
        case "event":
            inner = _event(element, box)
        case "gateway":
            inner = _gateway(element, box)
        case "data":
            inner = _data(element, box)
        case _:
            return _group(element, "node", marks, _activity(shape))
    label = shape.label or Box(box.middle[0] - 45, box.y + box.height + 3, 90, LINE)
    return _group(element, "node", marks, inner + _text(element.get("name") or "", label, top=True))


def _badge(box: Box, number: int) -> str:
    """A number at the upper right corner."""
    x, y = box.x + box.width, box.y
    return (
        f'<g class="badge"><circle cx="{x:g}" cy="{y:g}" r="10"/>'
        f'<text class="text" x="{x:g}" y="{y + 4:g}">{number}</text></g>'
    )


def _rectangle(box: Box, corner: float, name: str = "") -> str:
    return (
        f'<rect class="{name or "body"}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" '
        f'rx="{corner:g}"/>'
    )


def _event(element: Xml, box: Box) -> str:
    x, y = box.middle
    radius, name = min(box.width, box.height) / 2, local(element)
    thick = " thick" if name == "endEvent" else ""
    waits = flag(element, "cancelActivity", default=True) and flag(element, "isInterrupting", default=True)
    dashed = "" if waits else " dashed"
    parts = [f'<circle class="body{thick}{dashed}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>']
    if name not in {"startEvent", "endEvent"}:
        parts.append(f'<circle class="ring{dashed}" cx="{x:g}" cy="{y:g}" r="{max(1.0, radius - 3):g}"/>')
    definitions = [local(each) for each in element if local(each) in EVENT_DEFINITIONS]
    if definitions:
        several = ALL_OF_THEM if flag(element, "parallelMultiple", default=False) else MULTIPLE
        path = EVENTS[definitions[0]] if len(definitions) == 1 else several
        filled = name in _THROWING or definitions == ["terminateEventDefinition"]
        parts.append(_glyph(path, x, y, "filled" if filled else "open"))
    return "".join(parts)


def _gateway(element: Xml, box: Box) -> str:
    x, y = box.middle
    body = f"M{x:g} {box.y:g}L{box.x + box.width:g} {y:g}L{x:g} {box.y + box.height:g}L{box.x:g} {y:g}z"
    name = local(element)
    style = "open" if name in {"inclusiveGateway", "eventBasedGateway"} else "filled"
    return f'<path class="body" d="{body}"/>' + _glyph(GATEWAYS.get(name, ""), x, y, style)


def _data(element: Xml, box: Box) -> str:
    if local(element) == "dataStoreReference":
        half, bow = box.width / 2, box.height / 7
        front, back = f"a{half:g} {bow:g} 0 0 0 {box.width:g} 0", f"a{half:g} {bow:g} 0 0 0 {-box.width:g} 0"
        side = box.height - 2 * bow
        return f'<path class="body" d="M{box.x:g} {box.y + bow:g}{front}{back}v{side:g}{front}v{-side:g}"/>'
    fold = box.width / 3
    return (
        f'<path class="body" d="M{box.x:g} {box.y:g}h{box.width - fold:g}l{fold:g} {fold:g}v{box.height - fold:g}'
        f'h{-box.width:g}z"/>'
    )


def _activity(shape: Shape) -> str:
    element, box, name = shape.element, shape.box, local(shape.element)
    is_scope = name in _SUB and shape.expanded
    style = "body dashed" if flag(element, "triggeredByEvent", default=False) else "body"
    style += " thick" if name == "callActivity" else ""
    parts = [_rectangle(box, 10, style)]
    if name == "transaction":
        parts.append(_rectangle(Box(box.x + 3, box.y + 3, box.width - 6, box.height - 6), 8, "ring"))
    if name in TASKS:
        parts.append(_glyph(TASKS[name], box.x + 14, box.y + 14, "filled" if name == "sendTask" else "open"))
    label = Box(box.x + 8, box.y + 6, box.width - 16, LINE) if is_scope else box
    parts.append(_text(element.get("name") or element.get("id"), label, top=is_scope))
    marked = _markers(shape)
    for number, path in enumerate(marked):
        x = box.middle[0] + (number - (len(marked) - 1) / 2) * 18
        parts.append(_glyph(path, x, box.y + box.height - 10, "open"))
    return "".join(parts)


def _markers(shape: Shape) -> list[str]:
    element = shape.element
    loops = children(element, "multiInstanceLoopCharacteristics")
    found = ["sequential" if flag(loop, "isSequential", default=False) else "parallel" for loop in loops]
    if children(element, "standardLoopCharacteristics"):
        found.append("loop")
    if flag(element, "isForCompensation", default=False):
        found.append("compensation")
    if local(element) == "adHocSubProcess":
        found.append("adHoc")
    if local(element) in _SUB and not shape.expanded:
        found.append("collapsed")
    return [MARKERS[each] for each in found]


def _glyph(path: str, x: float, y: float, style: str) -> str:
    return f'<path class="glyph {style}" transform="translate({x:g} {y:g})" d="{path}"/>' if path else ""


def _edge(edge: Edge, marks: Mapping[str, Collection[str]]) -> str:
    element, name = edge.element, local(edge.element)
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in edge.points)
    arrow = ' marker-end="url(#arrow)"' if name != "association" else ""
    inner = f'<path class="line" d="{path}"{arrow}/>'
    source: Any = next((each for each in element.getparent() if each.get("id") == element.get("sourceRef")), None)
    if name == "sequenceFlow" and source is not None and source.get("default") == element.get("id"):
        inner += _slash(edge.points)
    text = element.get("name") or ""
    if text:
        inner += _text(text, edge.label or _near(edge.points), top=True)
    return _group(element, "flow", marks, inner)


def _slash(points: list[Point]) -> str:
    (x, y), (to_x, to_y) = points[0], points[1]
    length = max(1.0, ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5)
    at_x, at_y = x + (to_x - x) / length * 10, y + (to_y - y) / length * 10
    return f'<path class="line" d="M{at_x - 4:g} {at_y - 5:g}l8 10"/>'


def _near(points: list[Point]) -> Box:
    middle = len(points) // 2
    (x, y), (to_x, to_y) = points[middle - 1], points[middle]
    return Box((x + to_x) / 2 - 45, (y + to_y) / 2 + 3, 90, LINE)


def _text(text: str, box: Box, *, top: bool = False) -> str:
    """A text in the middle of a box, wrapped; `top` begins at its upper edge and may grow downwards."""
    if not text.strip():
        return ""
    columns = max(6, int(max(box.width, 60) / CHARACTER))
    rows = textwrap.wrap(text, columns)
    most = 4 if top else max(1, int(box.height / LINE) - 1)
    if len(rows) > most:
        rows = [*rows[: most - 1], textwrap.shorten(" ".join(rows[most - 1 :]), columns, placeholder="…")]
    x, y = box.middle
    first = box.y + LINE - 2 if top else y - (len(rows) - 1) * LINE / 2 + 4
    spans = "".join(
        f'<tspan x="{x:g}" y="{first + number * LINE:g}">{escape(row)}</tspan>' for number, row in enumerate(rows)
    )
    return f'<text class="text">{spans}</text>'


def _beside(box: Box, text: str) -> str:
    """The name of a pool or lane, from below upwards at its left edge."""
    x, y = box.x + 16, box.middle[1]
    return f'<text class="text" transform="translate({x:g} {y:g}) rotate(-90)">{escape(text)}</text>'
