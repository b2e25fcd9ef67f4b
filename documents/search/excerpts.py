"""What is shown of a text that was found: the part around the first words that were looked for, these marked."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

from core.records import dataclass
from documents.search.normalising import Token, cleaned, tokens
from documents.search.questions import Marks

LOOKED_AT = 40_000  # characters of a text, so that a long book costs no more than a long letter
BEFORE, AFTER = 60, 180  # characters shown around the first word
SHOWN = 4 * AFTER  # characters that are read where nothing is looked for: what is not printed is left out of them


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether it is what was looked for."""

    text: str
    is_marked: bool


def marked(text: str, marks: Marks) -> tuple[Piece, ...]:
    """A whole short text in pieces."""
    clean = " ".join(cleaned(text).split())
    return tuple(_pieces(clean, [token for token in tokens(clean) if marks.has(token)] if marks else []))


def excerpt(text: str, marks: Marks) -> tuple[Piece, ...]:
    """The part of a long text around the first hits; its beginning when there are none near the beginning."""
    clean = cleaned(text[:LOOKED_AT])
    first = next((token for token in tokens(clean) if marks.has(token)), None) if marks else None
    begin = 0 if first is None else max(0, first.start - BEFORE)
    end = min(len(clean), (0 if first is None else first.start) + AFTER)
    begin, end = _whole_words(clean, begin, end)
    shown = marked(clean[begin:end], marks)
    head = (Piece("… ", is_marked=False),) if begin > 0 and shown else ()
    tail = (Piece(" …", is_marked=False),) if (end < len(clean) or len(text) > LOOKED_AT) and shown else ()
    return (*head, *shown, *tail)


def as_html(pieces: Sequence[Piece]) -> str:
    """The pieces as HTML that is safe to show: all text is escaped, marks are `<mark>`."""
    return "".join(f"<mark>{escape(each.text)}</mark>" if each.is_marked else escape(each.text) for each in pieces)


def as_text(pieces: Sequence[Piece]) -> str:
    """The pieces without marks."""
    return "".join(each.text for each in pieces)


def _whole_words(text: str, begin: int, end: int) -> tuple[int, int]:
    """Moved so that no word is cut, unless it is endless."""
    if begin > 0:
        space = text.find(" ", begin, begin + BEFORE // 2)
        begin = space + 1 if space >= 0 else begin
    if end < len(text):
        space = text.rfind(" ", end - BEFORE // 2, end)
        end = space if space > begin else end
    return begin, end


def _pieces(text: str, hits: Sequence[Token]) -> Iterator[Piece]:
    at = 0
    for hit in islice(hits, 200):
        if hit.start > at:
            yield Piece(text[at : hit.start], is_marked=False)
        yield Piece(text[hit.start : hit.end], is_marked=True)
        at = hit.end
    if at < len(text):
        yield Piece(text[at:], is_marked=False)
