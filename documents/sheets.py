"""Typst for those who run apart already: a template that ships with the product, filled with data."""

import json
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import InvalidInput

LAYOUT = Path(__file__).with_name("paper.typ")


def typeset(template: Path, data: Mapping[str, Any], folder: Path, *, at: int | None = None) -> bytes:
    """The PDF; images are read from the folder by the names in the data, nothing is read from elsewhere.

    Data reach the template as values, never as its source. Raises `InvalidInput`.
    """
    import typst

    source = folder / template.name
    shutil.copyfile(template, source)
    shutil.copyfile(LAYOUT, folder / LAYOUT.name)
    try:
        return typst.compile(
            source,
            root=folder,
            format="pdf",
            font_paths=_fonts(),
            sys_inputs={"data": json.dumps(data, allow_nan=False)},
            timestamp=at,
            package_path=folder,
            package_cache_path=folder,
        )
    except typst.TypstError as error:
        raise InvalidInput(f"The page cannot be typeset: {error.diagnostic[:500]}") from error


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """The same fonts everywhere, those inside wheels; looked for once per process."""
    import font_roboto
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(font_roboto.font_directory)])
