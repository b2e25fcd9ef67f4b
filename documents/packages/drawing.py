"""Done apart: the pages that a package has of its own, and what is written at the foot of the others."""

import io
from collections.abc import Sequence
from typing import Any

import font_roboto
from pypdf import PageObject, PdfReader
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.records import dataclass
from documents.words import printable

WIDTH, HEIGHT = 595.28, 841.89  # points: A4
LEFT, RIGHT, TOP, BOTTOM = 62.0, 533.0, 780.0, 70.0
PLAIN, BOLD = "Roboto", "Roboto-Bold"
INK, SOFT, RULE = (0.12, 0.16, 0.2), (0.38, 0.43, 0.49), (0.8, 0.82, 0.85)
ROWS = 22  # of the contents on one page
ROW = 31.0  # points


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line of the contents stands, and to which page (from 0) it leads."""

    page: int
    box: tuple[float, float, float, float]
    target: int


def load_fonts() -> None:
    """Make the fonts that come along known."""
    for name, file in ((PLAIN, "Roboto"), (BOLD, "RobotoBold")):
        registerFont(TTFont(name, font_roboto.font_files[file]))


def front(order: dict[str, Any], parts: Sequence[dict[str, Any]], total: int) -> tuple[PdfReader, list[Place]]:
    """Cover and contents; `parts` have `first_page` (from 1, None where only attached) and `pages`."""
    load_fonts()
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(WIDTH, HEIGHT), invariant=1)
    _cover(canvas, order, len(parts), total)
    canvas.showPage()
    places: list[Place] = []
    for number in range(front_pages(len(parts)) - 1):
        some = list(enumerate(parts))[number * ROWS : (number + 1) * ROWS]
        places += _contents(canvas, some, page=number + 1)
        canvas.showPage()
    canvas.save()
    drawn.seek(0)
    return PdfReader(drawn), places


def front_pages(parts: int) -> int:
    """How many pages cover and contents take."""
    return 1 + -(-parts // ROWS)


def _cover(canvas: Canvas, order: dict[str, Any], parts: int, total: int) -> None:
    canvas.setFillColorRGB(*SOFT)
    canvas.setFont(PLAIN, 11)
    canvas.drawString(LEFT, TOP, shortened(order["company"], PLAIN, 11, RIGHT - LEFT))
    canvas.setFillColorRGB(*INK)
    y = 560.0
    for line in wrapped(printable(order["title"]), BOLD, 28, RIGHT - LEFT)[:5]:
        canvas.setFont(BOLD, 28)
        canvas.drawString(LEFT, y, line)
        y -= 36
    canvas.setStrokeColorRGB(*RULE)
    canvas.line(LEFT, y, RIGHT, y)
    canvas.setFillColorRGB(*SOFT)
    canvas.setFont(PLAIN, 11)
    documents = "1 document" if parts == 1 else f"{parts} documents"
    for text in (f"{documents}, {total} pages", f"Put together by {order['author']}", order["made"]):
        y -= 19
        canvas.drawString(LEFT, y, shortened(text, PLAIN, 11, RIGHT - LEFT))


def _contents(canvas: Canvas, parts: Sequence[tuple[int, dict[str, Any]]], *, page: int) -> list[Place]:
    canvas.setFillColorRGB(*INK)
    canvas.setFont(BOLD, 17)
    canvas.drawString(LEFT, TOP, "Contents")
    places = []
    y = TOP - 40
    for number, part in parts:
        first = part["first_page"]
        told = str(first) if first else "attached"
        room = RIGHT - LEFT - stringWidth(told, PLAIN, 11) - 16
        canvas.setFillColorRGB(*INK)
        canvas.setFont(PLAIN, 11)
        canvas.drawString(LEFT, y, shortened(f"{number + 1}.  {part['title']}", PLAIN, 11, room))
        canvas.drawRightString(RIGHT, y, told)
        canvas.setFillColorRGB(*SOFT)
        canvas.setFont(PLAIN, 7.5)
        facts = f"version {part['n']} · SHA-256 {part['digest']}"
        canvas.drawString(LEFT + 16, y - 11, shortened(facts, PLAIN, 7.5, RIGHT - LEFT - 16))
        if first:
            places.append(Place(page, (LEFT, y - 13, RIGHT, y + 11), first - 1))
        y -= ROW
    return places


def stamp(page: PageObject, text: str, number: str) -> PageObject:
    """Put a line at the foot of a page; what is there stays readable below it."""
    if page.rotation:
        page.transfer_rotation_to_content()
    box = page.cropbox
    left, bottom = float(box.left), float(box.bottom)
    width, height = float(box.width), float(box.height)
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(left + width, bottom + height), invariant=1)
    size = max(4.0, min(7.0, width / 85))
    canvas.setFillColorRGB(1, 1, 1, alpha=0.85)
    canvas.rect(left, bottom + 4, width, size + 7, stroke=0, fill=1)
    canvas.setFillColorRGB(*SOFT)
    canvas.setFont(PLAIN, size)
    room = width - 36 - stringWidth(number, PLAIN, size) - 12
    canvas.drawString(left + 18, bottom + 8, shortened(text, PLAIN, size, room))
    canvas.drawRightString(left + width - 18, bottom + 8, number)
    canvas.save()
    drawn.seek(0)
    page.merge_page(PdfReader(drawn).pages[0])
    return page


def shortened(text: str, font: str, size: float, room: float) -> str:
    """A line that fits, with dots where something was left out."""
    text = " ".join(printable(text).split())
    if stringWidth(text, font, size) <= room:
        return text
    while text and stringWidth(f"{text}…", font, size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def wrapped(text: str, font: str, size: float, room: float) -> list[str]:
    """Lines that fit; a word that is too long is shortened."""
    lines: list[str] = []
    for word in text.split():
        wider = f"{lines[-1]} {word}" if lines else word
        if lines and stringWidth(wider, font, size) <= room:
            lines[-1] = wider
        else:
            lines.append(shortened(word, font, size, room))
    return lines
