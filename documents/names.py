"""File names as others send them, made safe to store, to show and to give back to any computer."""

import re
import unicodedata

LONGEST = 200  # characters
FALLBACK = "file"
_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]")  # with their look-alikes
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # Windows cannot have these in a name
_SPACES = re.compile(r"\s+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
# Cc control, Cf format (bidi marks and overrides, zero width), Cs half surrogates, Co private, Cn unassigned, Zl, Zp
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_file_name(name: str) -> str:
    """The name without path, control and direction marks, in NFC, of at most 200 characters; keeps the extension.

    Never empty, never a name that Windows reserves; a safe name comes back unchanged.
    """
    last = _SEPARATORS.split(name.replace("\x00", ""))[-1]
    printable = "".join(character for character in last if _is_printable(character))
    tidy = _SPACES.sub(" ", _FORBIDDEN.sub("_", unicodedata.normalize("NFC", printable)))
    stem, extension = _split(tidy.strip(" ."))
    stem = stem[: LONGEST - len(extension)].strip(" .") or FALLBACK
    if _RESERVED.fullmatch(stem.partition(".")[0].rstrip()):
        stem = f"_{stem[: LONGEST - len(extension) - 1]}"
    return stem + extension


def stem_of(name: str) -> str:
    """The name without its extension, for a title that nobody gave."""
    return _split(name)[0]


def _is_printable(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in _UNPRINTABLE


def _split(name: str) -> tuple[str, str]:
    stem, dot, rest = name.rpartition(".")
    extension = dot + rest
    if not stem or not _EXTENSION.fullmatch(extension):
        return name, ""
    return stem, extension
