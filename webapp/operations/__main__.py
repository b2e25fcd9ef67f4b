"""Writes docs/reference/operations.md from the catalogue: `python -m webapp.operations`."""

from pathlib import Path

import webapp.operations  # noqa: F401 -- declares the operations
from engine.ready import OPERATIONS
from engine.ready.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operations.md"

if __name__ == "__main__":
    PAGE.write_text(page(OPERATIONS))
