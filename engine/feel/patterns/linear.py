"""Writes a pattern for RE2, whose time grows with the length of the text only."""

import re2

from engine.feel.patterns import charsets
from engine.feel.patterns.syntax import Chars, Choice, Edge, Group, Part, Repeat, Sequence

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-:;,<>=!@#%&'\"~`/")
_SURROGATES = ((0xD800, 0xDFFF),)


class NotLinear(Exception):
    """The pattern looks back at its own groups, or is too large for RE2."""


def compile_linear(part: Part, flags: str) -> "re2._Regexp[str]":
    """The compiled pattern; raises NotLinear."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_written(part, flags), options)
    except re2.error as error:
        raise NotLinear from error


def _written(part: Part, flags: str) -> str:
    if isinstance(part, Chars):
        return _chars(part)
    if isinstance(part, Edge):
        if "m" in flags:
            return "(?m:^)" if part.at_start else "(?m:$)"
        return r"\A" if part.at_start else r"\z"
    if isinstance(part, Group):
        return f"({'' if part.number else '?:'}{_written(part.inside, flags)})"
    if isinstance(part, Sequence):
        return "".join(_written(piece, flags) for piece in part.parts)
    if isinstance(part, Choice):
        return f"(?:{'|'.join(_written(piece, flags) for piece in part.options)})"
    if isinstance(part, Repeat):
        return _repeat(part, flags)
    raise NotLinear


def _repeat(part: Repeat, flags: str) -> str:
    inside = _written(part.part, flags)
    if isinstance(part.part, Sequence | Repeat):
        inside = f"(?:{inside})"
    most = "" if part.most is None else str(part.most)
    signs = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    return inside + signs.get((part.least, part.most), f"{{{part.least},{most}}}") + ("?" if part.lazy else "")


def _chars(part: Chars) -> str:
    intervals = part.intervals
    if part.is_simple and len(intervals) == 1 and intervals[0][0] == intervals[0][1]:
        return _sign(intervals[0][0])
    inside = "".join(f"\\p{{{name}}}" for name in part.classes)
    for low, high in charsets.without(intervals, _SURROGATES) if charsets.size(intervals) > 1 else intervals:
        inside += _sign(low) if low == high else f"{_sign(low)}-{_sign(high)}"
    return f"[{inside}]" if inside else r"[^\x{0}-\x{10FFFF}]"


def _sign(code: int) -> str:
    sign = chr(code)
    return sign if sign.isalnum() and sign in _PLAIN else f"\\x{{{code:X}}}"
