"""Files that a command writes whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Where to write what `out` becomes once all of it is there; until then what was there stays.

    What is no file, such as a pipe or /dev/stdout, cannot be replaced and is written to at once.
    """
    if out.exists() and not out.is_file():
        yield out
        return
    draft = out.with_name(f".{out.name}.part")
    try:
        yield draft
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
