"""Reasons: whoever interferes with a running case says why, and the trail keeps it."""

import unicodedata

from core.errors import InvalidInput

MAXIMUM_REASON = 2_000  # characters


def _is_seen(character: str) -> bool:
    """Whether it leaves a mark: neither a space nor one of the characters that only steer others."""
    return unicodedata.category(character)[0] not in "CZ"


def given(reason: str) -> str:
    """The reason, without spaces around it. Raises `InvalidInput` where there is none."""
    stripped = reason.strip()
    if not any(map(_is_seen, stripped)):
        raise InvalidInput("Give a reason; it stays in the trail.", fields={"/reason": "A reason is needed."})
    if len(stripped) > MAXIMUM_REASON:
        sentence = f"A reason has at most {MAXIMUM_REASON} characters; file a document for more."
        raise InvalidInput(sentence, fields={"/reason": sentence})
    return stripped
