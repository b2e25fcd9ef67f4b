"""Reads regular expressions as XPath defines them (XQuery and XPath Functions 3.1, section 5.6)."""

from core.records import dataclass
from engine.feel.errors import Fault
from engine.feel.patterns import charsets
from engine.feel.patterns.charsets import Intervals

LONGEST = 2000  # characters
MOST_REPEATS = 1000
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set; `classes` are Unicode categories that the set has besides its intervals."""

    intervals: Intervals
    classes: tuple[str, ...] = ()
    is_simple: bool = False  # written as itself, not in brackets

    def all(self) -> Intervals:
        """The whole set as intervals."""
        return charsets.normal(self.intervals + sum((charsets.category(name) for name in self.classes), ()))


@dataclass(frozen=True, slots=True)
class Edge:
    """`^` or `$`."""

    at_start: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A part in brackets; number 0 does not capture."""

    number: int
    inside: "Part"


@dataclass(frozen=True, slots=True)
class Back:
    """The text of an earlier group again."""

    number: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after another."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts, the first that fits."""

    options: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part so many times; without a most, any number."""

    part: "Part"
    least: int
    most: int | None
    lazy: bool


Part = Chars | Edge | Group | Back | Sequence | Choice | Repeat

_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_CONTROLS = {"n": 0xA, "r": 0xD, "t": 0x9}
_ESCAPABLE = frozenset("\\|.-^?*+{}()[]$/")
# a word character is all but punctuation, separators and others; RE2 does not know unassigned characters
_WORD = ("L", "M", "N", "S")
_MULTI: dict[str, tuple[Intervals, tuple[str, ...]]] = {
    "s": (charsets.SPACE, ()),
    "i": (charsets.NAME_START, ()),
    "c": (charsets.NAME, ()),
    "d": ((), ("Nd",)),
    "w": ((), _WORD),
}
_NOT_LINES = charsets.complement(((0xA, 0xA), (0xD, 0xD)))
_ALL: Intervals = ((0, charsets.LAST),)


class Reader:
    """Reads one pattern."""

    def __init__(self, pattern: str, flags: str) -> None:
        if len(pattern) > LONGEST:
            raise Fault(f"A pattern may have at most {LONGEST} characters.")
        self.text = _without_blanks(pattern) if "x" in flags else pattern
        self.dot = _ALL if "s" in flags else _NOT_LINES
        self.fold = "i" in flags
        self.position = 0
        self.depth = 0
        self.groups = 0
        self.closed: set[int] = set()

    def read(self) -> Part:
        """The whole pattern; raises Fault."""
        part = self._choice()
        if self.position < len(self.text):
            raise self._wrong("there is a ) too many")
        return part

    def _wrong(self, why: str) -> Fault:
        return Fault(f"The pattern is wrong at character {self.position + 1}: {why}.")

    def _peek(self, ahead: int = 0) -> str:
        return self.text[self.position + ahead : self.position + ahead + 1]

    def _take(self) -> str:
        sign = self._peek()
        if not sign:
            raise self._wrong("it ends too early")
        self.position += 1
        return sign

    def _choice(self) -> Part:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong("it nests too deeply")
        options = [self._sequence()]
        while self._peek() == "|":
            self.position += 1
            options.append(self._sequence())
        self.depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, part: Part) -> Part:
        sign = self._peek()
        if sign in _QUANTIFIERS:
            self.position += 1
            least, most = _QUANTIFIERS[sign]
        elif sign == "{":
            least, most = self._counts()
        else:
            return part
        if isinstance(part, Edge):
            raise self._wrong("an edge cannot be repeated")
        lazy = self._peek() == "?"
        self.position += lazy
        if self._peek() in _QUANTIFIERS or self._peek() == "{":
            raise self._wrong("it repeats a repetition")
        return Repeat(part, least, most, lazy)

    def _counts(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.position)
        least, comma, most = self.text[self.position + 1 : end].partition(",")
        valid = least.isascii() and least.isdigit() and (not most or (most.isascii() and most.isdigit()))
        if end < 0 or not valid or len(least) > 4 or len(most) > 4:
            raise self._wrong("a number of repetitions is missing or too large")
        low, high = int(least), int(most) if most else None if comma else int(least)
        if low > MOST_REPEATS or (high or 0) > MOST_REPEATS or (high is not None and high < low):
            raise self._wrong("the numbers of repetitions are wrong")
        self.position = end + 1
        return low, high

    def _atom(self) -> Part:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._brackets()
        if sign == ".":
            return Chars(self.dot)
        if sign in "^$":
            return Edge(sign == "^")
        if sign == "\\":
            return self._escape()
        if sign in "*+?{}]":
            raise self._wrong(f"{sign} has nothing to do here")
        return single(ord(sign), fold=self.fold)

    def _group(self) -> Part:
        number = 0
        if self._peek() == "?":
            if self._peek(1) != ":":
                raise self._wrong("only (?: is known after a bracket")
            self.position += 2
        else:
            self.groups += 1
            number = self.groups
        inside = self._choice()
        if self._take() != ")":
            raise self._wrong("a ) is missing")
        self.closed.add(number)
        return Group(number, inside)

    def _escape(self) -> Part:
        sign = self._peek()
        if sign.isascii() and sign.isdigit():
            return self._back_reference()
        intervals, classes = self._escaped_set()
        if len(intervals) == 1 and intervals[0][0] == intervals[0][1] and not classes:
            return single(intervals[0][0], fold=self.fold)
        return Chars(intervals, classes)

    def _back_reference(self) -> Part:
        number = int(self._take())
        while self._peek().isascii() and self._peek().isdigit() and number * 10 + int(self._peek()) <= self.groups:
            number = number * 10 + int(self._take())
        if number not in self.closed or number == 0:
            raise self._wrong(f"there is no finished group {number}")
        return Back(number)

    def _escaped_set(self) -> tuple[Intervals, tuple[str, ...]]:
        sign = self._take()
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),), ()
        if sign in _ESCAPABLE:
            return ((ord(sign), ord(sign)),), ()
        if sign in "pP":
            return self._property(negated=sign == "P")
        if sign.lower() in _MULTI:
            intervals, classes = _MULTI[sign.lower()]
            if sign.islower():
                return intervals, classes
            return charsets.complement(Chars(intervals, classes).all()), ()
        raise self._wrong(f"\\{sign} has no meaning")

    def _property(self, *, negated: bool) -> tuple[Intervals, tuple[str, ...]]:
        end = self.text.find("}", self.position)
        if self._peek() != "{" or end < 0:
            raise self._wrong("a property stands in braces")
        name = self.text[self.position + 1 : end]
        self.position = end + 1
        if name in charsets.CATEGORIES:
            if negated or name.startswith("C"):
                found = charsets.category(name)
                return (charsets.complement(found) if negated else found), ()
            return (), (name,)
        block = charsets.BLOCKS.get(name.removeprefix("Is")) if name.startswith("Is") else None
        if block is None:
            raise self._wrong(f"there is no property {name[:40]!r}")
        return (charsets.complement((block,)) if negated else (block,)), ()

    def _brackets(self) -> Chars:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong("it nests too deeply")
        negated = self._peek() == "^"
        self.position += negated
        intervals: Intervals = ()
        classes: tuple[str, ...] = ()
        removed: Intervals | None = None
        first = True
        while removed is None and (self._peek() != "]" or first):
            if self._peek() == "-" and self._peek(1) == "[":
                if first:
                    raise self._wrong("there is nothing to subtract from")
                self.position += 2
                removed = self._brackets().all()
                break
            more, kinds = self._bracket_item(first=first)
            intervals += more
            classes += kinds
            first = False
        if self._take() != "]":
            raise self._wrong("a ] is missing")
        self.depth -= 1
        if self.fold:
            intervals = charsets.folded(intervals)
        return _set(charsets.normal(intervals), tuple(dict.fromkeys(classes)), negated, removed)

    def _bracket_item(self, *, first: bool) -> tuple[Intervals, tuple[str, ...]]:
        low, classes = self._bracket_sign(first=first)
        single = len(low) == 1 and low[0][0] == low[0][1] and not classes
        if not single or self._peek() != "-" or self._peek(1) in {"]", "[", ""}:
            return low, classes
        self.position += 1
        high, other = self._bracket_sign(first=False)
        if other or len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self._wrong("the range is wrong")
        return ((low[0][0], high[0][0]),), ()

    def _bracket_sign(self, *, first: bool) -> tuple[Intervals, tuple[str, ...]]:
        sign = self._take()
        if sign == "\\":
            if self._peek().isdigit():
                raise self._wrong("a group has no place in brackets")
            return self._escaped_set()
        if sign == "[" or (sign == "]" and first):
            raise self._wrong(f"{sign} has nothing to do here")
        return ((ord(sign), ord(sign)),), ()


def _set(intervals: Intervals, classes: tuple[str, ...], negated: bool, removed: Intervals | None) -> Chars:  # noqa: FBT001 – parts of one thing
    if not negated and removed is None:
        return Chars(intervals, classes)
    whole = Chars(intervals, classes).all()
    if negated:
        whole = charsets.complement(whole)
    return Chars(whole if removed is None else charsets.without(whole, removed))


def single(code: int, *, fold: bool) -> Chars:
    """One character, in any case if so wanted."""
    if fold and len(charsets.variants(code)) > 1:
        return Chars(charsets.folded(((code, code),)))
    return Chars(((code, code),), is_simple=True)


def _without_blanks(pattern: str) -> str:
    """The pattern of flag x: blanks outside of brackets mean nothing."""
    kept: list[str] = []
    brackets = 0
    escaped = False
    for sign in pattern:
        if sign in " \t\n\r" and not brackets:
            continue
        if not escaped:
            brackets += (sign == "[") - (sign == "]" and brackets > 0)
        escaped = sign == "\\" and not escaped
        kept.append(sign)
    return "".join(kept)


def literal(text: str, *, fold: bool) -> Part:
    """The pattern of flag q: every character stands for itself."""
    if len(text) > LONGEST:
        raise Fault(f"A pattern may have at most {LONGEST} characters.")
    return Sequence(tuple(single(ord(sign), fold=fold) for sign in text))
