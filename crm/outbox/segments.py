"""How many segments an SMS takes: 160 or 153 characters of GSM 03.38, 70 or 67 of UCS-2 (3GPP TS 23.038 and 23.040)."""

from core.records import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and the character: two places
GSM, UCS2 = "gsm7", "ucs2"
SIZES = {GSM: (160, 153), UCS2: (70, 67)}  # alone, and as a part of several
MOST = 10  # segments of one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A text as it travels: its encoding, the places that it takes, its segments, and what made it UCS-2."""

    encoding: str
    places: int
    segments: int
    unusual: str  # the characters that GSM 03.38 lacks, each once

    @property
    def left(self) -> int:
        """Places that are left in the last segment."""
        alone, part = SIZES[self.encoding]
        return alone - self.places if self.segments <= 1 else part * self.segments - self.places


def count(text: str) -> Counted:
    """What a text takes; a character that takes two places is never parted between segments."""
    unusual = "".join(dict.fromkeys(each for each in text if each not in BASIC and each not in EXTENDED))
    encoding = UCS2 if unusual else GSM
    widths = [_width(each, encoding) for each in text]
    places, (alone, part) = sum(widths), SIZES[encoding]
    if places <= alone:
        return Counted(encoding=encoding, places=places, segments=1 if text else 0, unusual=unusual)
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return Counted(encoding=encoding, places=places, segments=segments, unusual=unusual)


def _width(character: str, encoding: str) -> int:
    if encoding == GSM:
        return 2 if character in EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1  # a surrogate pair
