"""Cuts FEEL text into tokens; names of several words are put together by the parser, which knows what is in scope."""

import re
from decimal import Decimal
from typing import NamedTuple

from engine.feel.errors import FeelSyntaxError

LONGEST_TEXT = 100_000  # characters
LONGEST_NUMBER = 400  # digits

KEYWORDS = frozenset(
    (
        *("if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between"),
        *("instance", "of", "function", "external", "true", "false", "null"),
    )
)

_TOKEN = re.compile(
    r"""
    (?P<space>[\s\u180e\u200b\ufeff]+|//[^\n]*|/\*.*?\*/)
  | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<word>
        (?:[^\W\d]|[?_]|[\u2600-\u27bf\U0001f000-\U000eFFFF])
        (?:\w|[?·]|[\u0300-\u036f\u200c\u200d\u203f\u2040\u2600-\u27bf\ufe0f\U0001f000-\U000eFFFF])*
    )
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<op>\.\.|\*\*|->|<=|>=|!=|[-+*/=<>()\[\]{},:.@'])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """One word, number, string or sign with its place in the text; `kind` is word, number, string, op or end."""

    kind: str
    text: str
    value: Decimal | str | None
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, closed by one of kind `end`; raises FeelSyntaxError where a character has no place."""
    if len(text) > LONGEST_TEXT:
        raise FeelSyntaxError(f"The expression is longer than {LONGEST_TEXT} characters.", 0, len(text))
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        position = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match[0], _value(kind, match[0], match.start()), match.start(), position))
    tokens.append(Token("end", "", None, len(text), len(text)))
    return tokens


def _unreadable(text: str, position: int) -> FeelSyntaxError:
    if text[position] == '"':
        return FeelSyntaxError('This string has no closing ".', position, len(text))
    return FeelSyntaxError(f"The character {text[position]!r} has no meaning here.", position, position + 1)


def _value(kind: str, text: str, start: int) -> Decimal | str | None:
    if kind == "number":
        return read_number(text, start)
    if kind == "string":
        return unescape(text[1:-1])
    return None


def read_number(text: str, start: int) -> Decimal:
    """The exact number, or FeelSyntaxError for one that decimal arithmetic of 34 digits cannot hold."""
    if len(text) > LONGEST_NUMBER:
        raise FeelSyntaxError(f"A number may have at most {LONGEST_NUMBER} digits.", start, start + len(text))
    value = Decimal(text)
    if value and not -6143 <= value.adjusted() <= 6144:
        raise FeelSyntaxError("This number is too large or too small.", start, start + len(text))
    return value


def unescape(text: str) -> str:
    """Replace the escapes of a FEEL string; an unknown one stays as written, so that patterns need no doubling."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_unescaped, text)
    return _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else match[0]
    return _PLAIN.get(match[3], match[0])


def escape(text: str) -> str:
    """`text` as a FEEL string literal, with its quotes."""
    signs = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(signs.get(sign, sign) for sign in text) + '"'


def words_of(name: str) -> tuple[str, ...] | None:
    """The token texts that make up a name, or None for text that cannot be one (`a, b`, the empty text)."""
    try:
        tokens = tokenize(name)[:-1]
    except FeelSyntaxError:
        return None
    if not tokens or tokens[0].kind != "word":
        return None
    named = all(token.kind in {"word", "number"} or token.text in _NAME_SIGNS for token in tokens)
    return tuple(token.text for token in tokens) if named else None


_NAME_SIGNS = frozenset({".", "..", "/", "-", "'", "+", "*", "**"})
