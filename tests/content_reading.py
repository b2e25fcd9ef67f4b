"""How tests of reading ask the worker process."""

from __future__ import annotations

import tempfile

from documents.content.readers import CannotRead, Picture, Readers, Text
from documents.types import sniff


def read(readers: Readers, content: bytes, name: str = "") -> Text | None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return readers.text(file.fileno(), media_type=sniff(content[: 16 << 10], name), name=name)


def text(readers: Readers, content: bytes, name: str = "") -> str:
    found = read(readers, content, name)
    assert found is not None
    return found.text


def draw(readers: Readers, content: bytes, *, page: int = 1, width: int = 240, height: int = 320) -> Picture:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        kind = sniff(content[: 16 << 10])
        return readers.picture(file.fileno(), media_type=kind, page=page, width=width, height=height)


def outcome(readers: Readers, content: bytes, name: str = "") -> str:
    """The text, or why there is none."""
    try:
        return text(readers, content, name)
    except CannotRead as refused:
        return str(refused)


def refusal(readers: Readers, content: bytes, name: str = "") -> str:
    """Why there is no text."""
    try:
        read(readers, content, name)
    except CannotRead as refused:
        return str(refused)
    raise AssertionError("it was read")
