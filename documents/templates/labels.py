"""Address labels on common sheets: from any start position, every word on the label, in a font that comes along."""

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import font_roboto
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.errors import InvalidInput
from core.records import dataclass
from documents.words import printable

LARGEST, SMALLEST, STEP = 11.0, 3.5, 0.25  # points of type
READABLE = 6.0  # points; smaller print is told of
LEADING = 1.2  # of the size
PLAIN, BOLD = "Roboto", "Roboto-Bold"
UNKNOWN = "\ufffd"
SHOWN_UNKNOWN = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of labels; lengths are millimetres, the margins those of the page to the first label."""

    key: str
    title: str
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    across: float  # from one label's left edge to the next one's
    down: float
    page: tuple[float, float] = (210.0, 297.0)

    @property
    def count(self) -> int:
        """Labels of one sheet."""
        return self.columns * self.rows


def _sheet(key: str, columns: int, rows: int, width: float, height: float, **more: Any) -> Sheet:
    """A sheet whose labels are centred on the page unless `more` says where they begin."""
    across, down = more.get("across", width), more.get("down", height)
    left = more.get("left", (210 - across * (columns - 1) - width) / 2)
    top = more.get("top", (297 - down * (rows - 1) - height) / 2)
    title = f"{columns} × {rows}, {width:g} × {height:g} mm" + (f" ({more['known']})" if "known" in more else "")
    return Sheet(
        key=key, title=title, columns=columns, rows=rows, width=width, height=height,
        left=left, top=top, across=across, down=down,
    )  # fmt: skip


SHEETS = {
    each.key: each
    for each in (
        _sheet("3x8-70x37", 3, 8, 70, 37, known="A4, full sheet"),
        _sheet("3x8-70x36", 3, 8, 70, 36),
        _sheet("3x7-63.5x38.1", 3, 7, 63.5, 38.1, across=66.0),
        _sheet("2x7-99.1x38.1", 2, 7, 99.1, 38.1, across=101.6),
        _sheet("2x8-105x37", 2, 8, 105, 37),
        _sheet("2x4-105x74", 2, 4, 105, 74),
        _sheet("2x8-99.1x33.9", 2, 8, 99.1, 33.9, across=101.6),
        _sheet("3x6-63.5x46.6", 3, 6, 63.5, 46.6, across=66.0),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLabels:
    """The PDF, and what a person should look at: names of labels with tiny print or letters the font has not."""

    content: bytes
    sheets: int
    labels: int
    remarks: tuple[str, ...]


def sheet_of(key: str) -> Sheet:
    """Raises `InvalidInput` for a sheet that is not known."""
    if key not in SHEETS:
        sentence = f"There is no sheet {key!r}; there are {', '.join(SHEETS)}."
        raise InvalidInput(sentence, fields={"/sheet": sentence})
    return SHEETS[key]


def draw_labels(
    addresses: Sequence[Sequence[str]], sheet: Sheet, *, start: int = 1, frames: bool = False
) -> DrawnLabels:
    """A label for each address, its first line bold; `start` is the first label that is free on the first sheet.

    A text that is too long is broken into lines and set smaller until all of it is on the label: nothing is cut off.
    Raises `InvalidInput` for a start that is not on the sheet.
    """
    if not 1 <= start <= sheet.count:
        sentence = f"The first label must be one of 1 to {sheet.count}."
        raise InvalidInput(sentence, fields={"/start": sentence})
    _load_fonts()
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(sheet.page[0] * mm, sheet.page[1] * mm), pageCompression=1, invariant=1)
    canvas.setTitle("Address labels")
    remarks: list[str] = []
    place = start - 1
    for lines in addresses:
        if place and place % sheet.count == 0:
            canvas.showPage()
        remarks += _label(canvas, sheet, place % sheet.count, [_known(printable(line).strip()) for line in lines])
        place += 1
    if frames:
        _frames(canvas, sheet)
    canvas.showPage()
    canvas.save()
    pages = -(-place // sheet.count)
    return DrawnLabels(content=drawn.getvalue(), sheets=pages, labels=len(addresses), remarks=tuple(remarks))


@lru_cache(maxsize=1)
def _load_fonts() -> frozenset[int]:
    """The code points that the font has."""
    for name, file in ((PLAIN, "Roboto"), (BOLD, "RobotoBold")):
        registerFont(TTFont(name, font_roboto.font_files[file]))
    font = TTFont(PLAIN, font_roboto.font_files["Roboto"])
    return frozenset(font.face.charToGlyph)


def _known(text: str) -> str:
    known = _load_fonts()
    return "".join(each if ord(each) in known or each.isspace() else UNKNOWN for each in text)


def _label(canvas: Canvas, sheet: Sheet, number: int, lines: list[str]) -> list[str]:
    lines = [line for line in lines if line]
    if not lines:
        return []
    padding = min(4.0, sheet.width / 10) * mm
    width, height = sheet.width * mm - 2 * padding, sheet.height * mm - 2 * padding
    size, broken = _fitted(lines, width, height)
    column, row = number % sheet.columns, number // sheet.columns
    x = (sheet.left + column * sheet.across) * mm + padding
    top = (sheet.page[1] - sheet.top - row * sheet.down) * mm - padding
    block = size * LEADING * len(broken)
    y = top - max(0.0, (height - block) / 2) - size
    for text, font in broken:
        canvas.setFont(font, size)
        canvas.drawString(x, y, text.replace(UNKNOWN, SHOWN_UNKNOWN))
        y -= size * LEADING
    remarks = []
    if size < READABLE:
        remarks.append(f"The label of “{lines[0]}” is set in {size:g} points to fit; look whether it can be read.")
    if any(UNKNOWN in line for line in lines):
        remarks.append(f"The label of “{lines[0]}” has letters that the font has not; they are shown as ?.")
    return [each.replace(UNKNOWN, SHOWN_UNKNOWN) for each in remarks]


def _fitted(lines: list[str], width: float, height: float) -> tuple[float, list[tuple[str, str]]]:
    """The largest size at which all lines, broken where they must be, are on the label; the lines with their fonts."""
    size = LARGEST
    while True:
        broken = [
            (part, BOLD if index == 0 else PLAIN)
            for index, line in enumerate(lines)
            for part in _broken(line, BOLD if index == 0 else PLAIN, size, width)
        ]
        if size * LEADING * len(broken) <= height or size <= 1:
            return size, broken
        size = size - STEP if size > SMALLEST else size * 0.9


def _broken(line: str, font: str, size: float, width: float) -> list[str]:
    """A line as so many as it needs; between words where that is possible, else inside one."""
    parts, current = [], ""
    for word in line.split():
        wider = f"{current} {word}".strip()
        if stringWidth(wider, font, size) <= width:
            current = wider
            continue
        if current:
            parts.append(current)
        while stringWidth(word, font, size) > width and len(word) > 1:
            cut = len(word) - 1
            while cut > 1 and stringWidth(word[:cut], font, size) > width:
                cut -= 1
            parts.append(word[:cut])
            word = word[cut:]  # noqa: PLW2901 -- the rest of it
        current = word
    return [*parts, current] if current else parts


def _frames(canvas: Canvas, sheet: Sheet) -> None:
    """The edges of the labels, for a trial on plain paper."""
    canvas.setLineWidth(0.2)
    canvas.setStrokeGray(0.7)
    for number in range(sheet.count):
        x = (sheet.left + number % sheet.columns * sheet.across) * mm
        y = (sheet.page[1] - sheet.top - number // sheet.columns * sheet.down - sheet.height) * mm
        canvas.rect(x, y, sheet.width * mm, sheet.height * mm)
