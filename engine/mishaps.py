"""What went wrong, in a sentence that can be kept: of any length, with any characters, from anybody's code."""

from storage.faults import UNSTORABLE

LONGEST = 4_000  # characters of a sentence that is kept
_HALF = LONGEST // 2


def kept(sentence: str) -> str:
    """The sentence without what no database takes; of a very long one its beginning and its end."""
    if len(sentence) > LONGEST:
        left_out = len(sentence) - LONGEST
        sentence = f"{sentence[:_HALF]} [… {left_out} characters left out …] {sentence[-_HALF:]}"
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", sentence)


def fault_of(handler: str, error: BaseException) -> str:
    """That a handler has a mistake in it, and which, even where the error cannot be put in words."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 -- somebody else's code, which must not hide that it failed
        text = "it cannot be put in words"
    return f"{type(error).__name__} in the handler {handler}: {text}"
