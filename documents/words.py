"""Short texts that people give with a document: trimmed, in one form of Unicode, and of bounded length."""

import unicodedata

from core.errors import InvalidInput

_KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    """The text in NFC without control characters and half surrogate pairs; line breaks and tabs stay."""
    return "".join(
        character
        for character in unicodedata.normalize("NFC", text)
        if character in _KEPT or unicodedata.category(character) not in {"Cc", "Cs", "Cn"}
    )


def words(field: str, text: str | None, longest: int) -> str | None:
    """The text without control characters, None when nothing is left. Raises `InvalidInput` that names the field."""
    clean = printable(text or "").strip()
    if len(clean) > longest:
        sentence = f"The {field} has {len(clean)} characters; write {longest} at most."
        raise InvalidInput(sentence, fields={f"/{field}": sentence})
    return clean or None
