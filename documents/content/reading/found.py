"""What the readers of all kinds of files take and give."""

import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from documents.content.limits import Limits

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r"\n{3,}")


class Unreadable(Exception):
    """The file cannot be read; the text ends the sentence "The text could not be read: …"."""


@dataclass(slots=True)
class File:
    """What is to be read: an open file, its type by content, and the name that its sender gave it."""

    source: BinaryIO
    size: int  # bytes
    media_type: str
    name: str
    limits: Limits

    def bytes(self, most: int | None = None) -> bytes:
        """The content, or its beginning."""
        self.source.seek(0)
        return self.source.read(-1 if most is None else most)

    @property
    def extension(self) -> str:
        """Of the name, in small letters, such as `.csv`; chooses among types that look alike inside."""
        _, dot, rest = self.name.rpartition(".")
        return (dot + rest).lower()


@dataclass(slots=True, kw_only=True)
class Found:
    """What was read; `layout` shows what text alone does not."""

    text: str = ""
    layout: dict[str, Any] | None = None
    pages: int | None = None
    is_partial: bool = False  # a limit was reached: there is more in the file
    wants_ocr: bool = False
    library: str = ""


@dataclass(slots=True)
class Collected:
    """Text that grows up to a limit."""

    most: int  # characters
    pieces: list[str] = field(default_factory=list)
    length: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return self.length >= self.most

    def add(self, piece: str) -> bool:
        """Take a piece, as far as there is room; False when there is none left."""
        if self.is_full:
            return False
        taken = piece[: self.most - self.length]
        self.pieces.append(taken)
        self.length += len(taken)
        return len(taken) == len(piece)

    def text(self) -> str:
        """All of it, as one text."""
        return tidy("\n".join(self.pieces))


def tidy(text: str) -> str:
    """The text as a database and a page can take it: no control characters, few blank lines."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _LINES.sub("\n\n", text).strip()


def one_line(text: str) -> str:
    """The text without line breaks and double blanks."""
    return _BLANKS.sub(" ", " ".join(_CONTROLS.sub("", text).split()))
