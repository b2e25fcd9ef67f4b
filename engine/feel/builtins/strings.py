"""String functions (DMN 1.5, table 71); positions count characters, not bytes, and begin at 1."""

from decimal import Decimal
from typing import Any

from engine.feel import patterns
from engine.feel.builtins.registry import builtin, items, text, whole
from engine.feel.errors import Fault
from engine.feel.kinds import Function, Range, kind
from engine.feel.lexer import escape
from engine.feel.run import Run
from engine.feel.temporal import temporal_text
from engine.feel.values import range_text

_NESTED = 60


@builtin("substring(string, start position, length?)")
def substring(_run: Run, source: Any, start: Any, length: Any = None) -> str:
    """A part of a text; a negative start counts from the end."""
    whole_text, first = text(source, "The text"), whole(start, "The start position")
    if not first or abs(first) > len(whole_text):
        raise Fault("The text has no character at the start position.")
    begin = first - 1 if first > 0 else len(whole_text) + first
    if length is None:
        return whole_text[begin:]
    size = whole(length, "The length")
    if size < 1:
        raise Fault("The length must be at least 1.")
    return whole_text[begin : begin + size]


@builtin("string length(string)")
def string_length(_run: Run, source: Any) -> Decimal:
    """The number of characters."""
    return Decimal(len(text(source)))


@builtin("upper case(string)")
def upper_case(_run: Run, source: Any) -> str:
    """The text in capitals."""
    return text(source).upper()


@builtin("lower case(string)")
def lower_case(_run: Run, source: Any) -> str:
    """The text in small letters."""
    return text(source).lower()


@builtin("substring before(string, match)")
def substring_before(_run: Run, source: Any, match: Any) -> str:
    """What stands before the first occurrence, or nothing."""
    before, found, _ = _partition(text(source), text(match))
    return before if found else ""


@builtin("substring after(string, match)")
def substring_after(_run: Run, source: Any, match: Any) -> str:
    """What stands behind the first occurrence, or nothing."""
    _, found, after = _partition(text(source), text(match))
    return after if found else ""


def _partition(source: str, match: str) -> tuple[str, bool, str]:
    if not match:
        return "", True, source
    before, found, after = source.partition(match)
    return before, bool(found), after


@builtin("contains(string, match)")
def contains(_run: Run, source: Any, match: Any) -> bool:
    """Whether the text contains another one."""
    return text(match) in text(source)


@builtin("starts with(string, match)")
def starts_with(_run: Run, source: Any, match: Any) -> bool:
    """Whether the text begins with another one."""
    return text(source).startswith(text(match))


@builtin("ends with(string, match)")
def ends_with(_run: Run, source: Any, match: Any) -> bool:
    """Whether the text ends with another one."""
    return text(source).endswith(text(match))


@builtin("matches(input, pattern, flags?)")
def matches(run: Run, source: Any, pattern: Any, flags: Any = None) -> bool:
    """Whether a regular expression of XPath occurs in the text."""
    subject = text(source, "The text")
    run.tick(1 + len(subject) // 50)
    return patterns.compiled(text(pattern, "The pattern"), _flags(flags)).occurs(run, subject)


@builtin("replace(input, pattern, replacement, flags?)")
def replace(run: Run, source: Any, pattern: Any, replacement: Any, flags: Any = None) -> str:
    """The text with every match replaced; `$1` stands for the first group."""
    subject = text(source, "The text")
    run.tick(1 + len(subject) // 20)
    result = patterns.compiled(text(pattern, "The pattern"), _flags(flags)).replace(
        run, subject, text(replacement, "The replacement")
    )
    run.tick(len(result) // 16)
    return result


@builtin("split(string, delimiter)")
def split(run: Run, source: Any, delimiter: Any) -> list[str]:
    """The parts of a text between the matches of a regular expression."""
    subject = text(source, "The text")
    parts = patterns.compiled(text(delimiter, "The delimiter"), "").split(run, subject)
    run.tick(len(parts) + len(subject) // 16)
    return parts


def _flags(flags: Any) -> str:
    return "" if flags is None else text(flags, "The flags")


@builtin("string join(list, delimiter?)", "string join(list, delimiter, prefix, suffix)")
def string_join(run: Run, values: Any, delimiter: Any = None, prefix: Any = None, suffix: Any = None) -> str:
    """All texts in one; nulls are left out."""
    parts = [text(item, "Every item") for item in items(values) if item is not None]
    between = "" if delimiter is None else text(delimiter, "The delimiter")
    run.tick(len(parts) + (sum(map(len, parts)) + len(between) * len(parts)) // 16)
    joined = between.join(parts)
    ends = ["" if end is None else text(end) for end in (prefix, suffix)]
    return ends[0] + joined + ends[1]


@builtin("string(from)")
def string(run: Run, value: Any) -> str | None:
    """The text of any value."""
    if value is None:
        return None
    return written(run, value, quoted=False)


def written(run: Run, value: Any, *, quoted: bool = True, depth: int = 0) -> str:
    """A value as FEEL writes it; a string within a list or context stands in quotes."""
    run.tick(1)
    if depth > _NESTED:
        raise Fault("The value nests too deeply.")
    if value.__class__ is str:
        run.tick(len(value) >> 4)
        return escape(value) if quoted else value
    if value is None or value.__class__ is bool:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, list):
        return f"[{', '.join(written(run, item, depth=depth + 1) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {written(run, item, depth=depth + 1)}' for key, item in value.items())}}}"
    if isinstance(value, Range):
        return range_text(value, lambda end: written(run, end, depth=depth + 1))
    if isinstance(value, Function):
        return repr(value)
    return temporal_text(value) if kind(value) != "unknown" else str(value)


def number_text(value: Decimal) -> str:
    """A number without exponent or needless zeros."""
    if not value:
        return "0"
    plain = format(value, "f") if -60 < value.adjusted() < 60 else str(value)
    return plain.rstrip("0").rstrip(".") if "." in plain and "E" not in plain else plain
