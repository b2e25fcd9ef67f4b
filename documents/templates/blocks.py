"""Reads a Word document into paragraphs and tables, as plain data that a typesetter can lay out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn
from docx.section import Section
from docx.table import Table, _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph
from docx.text.run import Run

EMU = 36_000  # of Word's lengths, per millimetre
ALIGNMENTS = {0: "left", 1: "center", 2: "right", 3: "justify"}
HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
SERIF = re.compile(r"times|serif|georgia|cambria|garamond|book|roman|palatino|libertin", re.IGNORECASE)
MONO = re.compile(r"mono|courier|consolas", re.IGNORECASE)
NOT_SHOWN = {
    "text boxes": f".//{qn('w:txbxContent')}",
    "footnotes": f".//{qn('w:footnoteReference')}",
    "shapes and charts": ".//{http://schemas.openxmlformats.org/drawingml/2006/chart}chart",
    "equations": ".//{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath",
}


def left_out(document: Document) -> list[str]:
    """What our own typesetting does not show of a document."""
    body = document.element.body
    found = [name for name, path in NOT_SHOWN.items() if body.find(path) is not None]
    columns = body.find(f".//{qn('w:cols')}[@{qn('w:num')}]")
    if columns is not None and columns.get(qn("w:num")) not in (None, "1"):
        found.append("text columns")
    return found


class Reader:
    """Reads one document; pictures become files of the folder."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self._counters: dict[tuple[str, int], int] = {}
        self._numbering = _numbering(document)
        self._pictures = 0

    def read(self) -> dict[str, Any]:
        """Page, header, footer and body."""
        section = self._document.sections[0]
        return {
            "page": _page(section),
            "after": self._after(),
            "header": self._blocks(section.header),
            "footer": self._blocks(section.footer),
            "body": self._blocks(self._document),
        }

    def _after(self) -> float:
        """Points between paragraphs where nothing else is said."""
        path = f"{qn('w:docDefaults')}/{qn('w:pPrDefault')}/{qn('w:pPr')}/{qn('w:spacing')}"
        spacing = self._document.styles.element.find(path)
        twips = spacing.get(qn("w:after"), "0") if spacing is not None else "0"
        return min(int(twips) / 20, 72.0) if twips.isdigit() else 0.0

    def _blocks(self, holder: Any) -> list[dict[str, Any]]:
        return [
            self._paragraph(each) if isinstance(each, Paragraph) else self._table(each)
            for each in holder.iter_inner_content()
        ]

    def _paragraph(self, paragraph: Paragraph) -> dict[str, Any]:
        form = paragraph.paragraph_format
        style = paragraph.style.name if paragraph.style is not None else ""
        heading = HEADING.match(style or "")
        alignment = _inherited(paragraph, "alignment")
        return {
            "kind": "paragraph",
            "heading": int(heading[1]) if heading else (1 if style == "Title" else 0),
            "align": ALIGNMENTS.get(int(alignment), "left") if alignment is not None else "left",
            "label": self._label(paragraph),
            "indent": _millimetres(_inherited(paragraph, "left_indent")),
            "before": _points(_inherited(paragraph, "space_before")),
            "after": _points(_inherited(paragraph, "space_after")),
            "page_break": bool(form.page_break_before),
            "runs": list(self._runs(paragraph)),
        }

    def _runs(self, paragraph: Paragraph) -> Iterator[dict[str, Any]]:
        field = ""
        for item in paragraph.iter_inner_content():
            link = item.address if isinstance(item, Hyperlink) else None
            for run in item.runs if isinstance(item, Hyperlink) else [item]:
                field, shown = _field(run, field)
                if not shown:
                    continue
                made = self._run(run, paragraph) | {"link": link if link and SAFE_LINK.match(link) else None}
                if field.startswith("result:"):
                    made |= {"text": "", "field": field.removeprefix("result:")}
                    field = "skip"
                yield made

    def _run(self, run: Run, paragraph: Paragraph) -> dict[str, Any]:
        size = _font(run, paragraph, "size")
        color = run.font.color.rgb if run.font.color is not None and run.font.color.type is not None else None
        family = str(_font(run, paragraph, "name") or "")
        breaks = run.element.findall(qn("w:br"))
        return {
            "text": run.text,
            "field": None,
            "bold": bool(_font(run, paragraph, "bold")),
            "italic": bool(_font(run, paragraph, "italic")),
            "underline": bool(_font(run, paragraph, "underline")),
            "size": float(size.pt) if size else None,
            "color": f"#{color}" if color is not None else None,
            "family": "serif" if SERIF.search(family) else "mono" if MONO.search(family) else "sans",
            "pictures": list(self._images(run)),
            "page_break": any(each.get(qn("w:type")) == "page" for each in breaks),
        }

    def _images(self, run: Run) -> Iterator[dict[str, Any]]:
        for drawing in run.element.iter(qn("w:drawing")):
            blip, extent = drawing.find(f".//{qn('a:blip')}"), drawing.find(f".//{qn('wp:extent')}")
            if blip is None or extent is None or blip.get(qn("r:embed")) not in run.part.related_parts:
                continue
            part = run.part.related_parts[blip.get(qn("r:embed"))]
            if part.content_type not in PICTURES:
                continue
            self._pictures += 1
            name = f"picture-{self._pictures}.{PICTURES[part.content_type]}"
            (self._folder / name).write_bytes(part.blob)
            width, height = int(extent.get("cx", "0")) / EMU, int(extent.get("cy", "0")) / EMU
            yield {"name": name, "width": min(width, 400), "height": min(height, 400)}

    def _label(self, paragraph: Paragraph) -> dict[str, Any] | None:
        """The bullet or number of a list's item."""
        properties = paragraph.paragraph_format.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        style = paragraph.style.name if paragraph.style is not None else ""
        if properties is None:
            kind = "bullet" if "Bullet" in (style or "") else "decimal" if "List Number" in (style or "") else None
            number, level = style or "", 0
        else:
            number, level = _value(properties, "w:numId"), int(_value(properties, "w:ilvl") or 0)
            kind = self._numbering.get((number, level), "bullet")
        if kind is None or number == "0":
            return None
        if kind == "bullet":
            return {"text": "•", "level": level}
        count = self._counters[number, level] = self._counters.get((number, level), 0) + 1
        return {"text": f"{count}.", "level": level}

    def _table(self, table: Table) -> dict[str, Any]:
        grid = table._tbl.tblGrid  # noqa: SLF001 -- python-docx 1.2 has no public way to the widths
        widths = [_millimetres(each.w) if each.w else 0.0 for each in grid.gridCol_lst]
        style = table.style.name if table.style is not None else ""
        borders = table._tbl.tblPr.find(qn("w:tblBorders"))  # noqa: SLF001 -- as above
        return {
            "kind": "table",
            "widths": widths,
            "lines": borders is not None or (style or "") not in {"", "Normal Table"},
            "rows": [self._row(row.cells) for row in table.rows],
        }

    def _row(self, cells: tuple[_Cell, ...]) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        last = None
        for cell in cells:
            if last is not None and cell._tc is last:  # noqa: SLF001 -- a merged cell comes once per column
                shown[-1]["span"] += 1
                continue
            last = cell._tc  # noqa: SLF001 -- as above
            shade = last.find(f"{qn('w:tcPr')}/{qn('w:shd')}")
            fill = shade.get(qn("w:fill")) if shade is not None else None
            merged = last.vMerge == "continue"
            shown.append(
                {
                    "span": 1,
                    "fill": f"#{fill}" if fill and re.fullmatch(r"[0-9A-Fa-f]{6}", fill) else None,
                    "blocks": [] if merged else self._blocks(cell),
                }
            )
        return shown


def _page(section: Section) -> dict[str, float]:
    return {
        "width": _millimetres(section.page_width) or 210,
        "height": _millimetres(section.page_height) or 297,
        "left": _millimetres(section.left_margin),
        "right": _millimetres(section.right_margin),
        "top": _millimetres(section.top_margin),
        "bottom": _millimetres(section.bottom_margin),
    }


def _field(run: Run, state: str) -> tuple[str, bool]:
    """Follows a field of Word's through its runs: page numbers are counted by us, other fields show what they have."""
    character = run.element.find(qn("w:fldChar"))
    if character is not None:
        match character.get(qn("w:fldCharType")):
            case "begin":
                return "code:", False
            case "separate":
                name = state.removeprefix("code:").strip().split(" ")[0].upper()
                return (f"result:{name.lower()}" if name in {"PAGE", "NUMPAGES"} else ""), False
            case _:
                return "", False
    if state.startswith("code:"):
        told = run.element.find(qn("w:instrText"))
        return state + (told.text or "" if told is not None else ""), False
    return state, state != "skip"


def _font(run: Run, paragraph: Paragraph, name: str) -> Any:
    """A property of the run, of its style, or of what these build on."""
    value = getattr(run.font, name)
    styles = [run.style, paragraph.style]
    for style in styles:
        while value is None and style is not None:
            value = getattr(style.font, name, None)
            style = getattr(style, "base_style", None)  # noqa: PLW2901 -- upwards
    return value


def _inherited(paragraph: Paragraph, name: str) -> Any:
    value = getattr(paragraph.paragraph_format, name)
    style = paragraph.style
    while value is None and style is not None:
        value = getattr(style.paragraph_format, name, None)
        style = getattr(style, "base_style", None)
    return value


def _numbering(document: Document) -> dict[tuple[str, int], str]:
    """The kind of each level of each list: bullet, or anything that counts."""
    part = next((each for each in document.part.related_parts.values() if "numbering" in each.content_type), None)
    if part is None:
        return {}
    root = part.element
    kinds: dict[str, dict[int, str]] = {}
    for each in root.findall(qn("w:abstractNum")):
        levels = {int(level.get(qn("w:ilvl"), "0")): _value(level, "w:numFmt") for level in each.findall(qn("w:lvl"))}
        kinds[each.get(qn("w:abstractNumId"), "")] = levels
    return {
        (number.get(qn("w:numId"), ""), level): kind
        for number in root.findall(qn("w:num"))
        for level, kind in kinds.get(_value(number, "w:abstractNumId"), {}).items()
    }


def _value(element: Any, name: str) -> str:
    found = element.find(qn(name))
    return "" if found is None else str(found.get(qn("w:val"), ""))


def _millimetres(length: Any) -> float:
    return round(int(length) / EMU, 2) if length is not None else 0.0


def _points(length: Any) -> float | None:
    return round(float(length.pt), 2) if length is not None else None
