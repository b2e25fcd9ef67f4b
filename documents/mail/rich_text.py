"""The text of messages that say it in compressed RTF alone (MS-OXRTFCP), as plain text."""

import re
from struct import unpack_from

LARGEST = 16 << 20  # bytes of RTF
COMPRESSED, STORED = 0x75465A4C, 0x414C454D
HEADER = 16  # bytes
WINDOW = 4096  # bytes
KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)  # what the window begins with (MS-OXRTFCP, section 2.1.2.1)
TOKEN = re.compile(rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)")
SILENT = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer"})
BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"row": "\n", b"cell": "\t", b"sect": "\n", b"page": "\n"}
SIGNS = {
    b"endash": "–",
    b"emdash": "—",
    b"bullet": "•",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
}
CHARSETS = {238: 1250, 204: 1251, 0: 1252, 161: 1253, 162: 1254, 177: 1255, 178: 1256, 186: 1257, 128: 932, 134: 936}


def unpacked(content: bytes) -> bytes:
    """The RTF. Raises `ValueError` for what is none."""
    if len(content) < HEADER:
        raise ValueError("compressed RTF has a header")
    _, size, kind = unpack_from("<III", content)
    if kind == STORED:
        return content[HEADER : HEADER + min(size, LARGEST)]
    if kind != COMPRESSED:
        raise ValueError("this is no compressed RTF")
    return _expanded(content)


def _expanded(content: bytes) -> bytes:
    window = bytearray(KNOWN.ljust(WINDOW, b"\0"))
    at, place, found = len(KNOWN), HEADER, bytearray()
    while place < len(content) and len(found) < LARGEST:
        flags = content[place]
        place += 1
        for bit in range(8):
            is_copy = bool(flags >> bit & 1)
            token = int.from_bytes(content[place : place + 2], "big")
            start, length = (token >> 4, (token & 15) + 2) if is_copy else (at, 1)
            if place >= len(content) or (is_copy and start == at):
                return bytes(found)
            for step in range(length):  # what is copied may be what was just written
                sign = window[(start + step) % WINDOW] if is_copy else content[place]
                window[at] = sign
                at = (at + 1) % WINDOW
                found.append(sign)
            place += 2 if is_copy else 1
    return bytes(found)


def text_of(rtf: bytes) -> str:
    """What people read of it; everything that RTF hides is left out."""
    reader = _Reader()
    for token in TOKEN.finditer(rtf):
        reader.take(token)
    return "".join(reader.found)


class _Reader:
    """Follows groups: whether they are read, in which font, and how many signs stand for one of Unicode."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._groups: list[tuple[bool, int, int]] = []
        self._silent, self._skip, self._font = False, 1, -1
        self._left = 0  # signs that repeat what `u` has said
        self._page, self._fonts, self._in_fonts = 1252, {-1: 0}, 0

    def take(self, token: "re.Match[bytes]") -> None:
        """Read one token."""
        code, word, number, sign, brace, plain = token.groups()
        if brace == b"{":
            self._groups.append((self._silent, self._skip, self._font))
        elif brace:
            if self._groups:
                self._silent, self._skip, self._font = self._groups.pop()
            if len(self._groups) < self._in_fonts:
                self._in_fonts = 0
        elif word:
            self._word(word, int(number) if number else None)
        elif code:
            self._say(bytes((int(code, 16),)), signs=1)
        elif plain:
            self._say(plain[self._left :], signs=0)
            self._left = max(0, self._left - len(plain))
        elif sign == b"*":
            self._silent = True
        elif sign in (b"~", b"\\", b"{", b"}"):
            self._say(b" " if sign == b"~" else sign, signs=1)

    def _say(self, raw: bytes, *, signs: int) -> None:
        if signs and self._left:
            self._left -= 1
        elif not self._silent and raw:
            page = CHARSETS.get(self._fonts.get(self._font, -1), self._page)
            self.found.append(_decoded(raw, page))

    def _word(self, word: bytes, number: int | None) -> None:
        if word in SILENT:
            self._silent = True
            if word == b"fonttbl":
                self._in_fonts = len(self._groups)
        elif word == b"ansicpg" and number:
            self._page = number
        elif word == b"f" and number is not None:
            self._font = number
        elif word == b"fcharset" and number is not None and self._in_fonts:
            self._fonts[self._font] = number
        elif word == b"uc" and number is not None:
            self._skip = max(0, number)
        elif word == b"u" and number is not None:
            if not self._silent:
                self.found.append(chr(number % 0x10000) if not 0xD800 <= number % 0x10000 < 0xE000 else "\ufffd")
            self._left = self._skip
        elif not self._silent:
            self.found.append(BREAKS.get(word) or SIGNS.get(word, ""))


def _decoded(raw: bytes, page: int) -> str:
    try:
        return raw.decode(f"cp{page}", "replace")
    except LookupError:
        return raw.decode("cp1252", "replace")
