"""Regular expressions of XPath, as `matches`, `replace` and `split` take them, in time that is always bounded."""

from collections.abc import Iterator
from functools import lru_cache

from engine.feel.errors import Fault
from engine.feel.patterns.backtracking import Assembler, Program
from engine.feel.patterns.linear import NotLinear, compile_linear
from engine.feel.patterns.syntax import Reader, literal
from engine.feel.run import Run

_FLAGS = frozenset("smixq")
Groups = list[tuple[int, int]]  # where each group begins and ends, the whole match first; -1 where it took no part


class Pattern:
    """A pattern with its flags."""

    def __init__(self, pattern: str, flags: str) -> None:
        if not set(flags) <= _FLAGS:
            raise Fault("The flags of a pattern are s, m, i, x and q.")
        reader = Reader(pattern, flags)
        part = literal(pattern, fold="i" in flags) if "q" in flags else reader.read()
        self.groups = reader.groups
        self._flags = flags
        self._program: Program | None = None
        self._linear = None
        try:
            self._linear = compile_linear(part, flags)
        except NotLinear:
            self._program = Assembler(self.groups, flags).program(part)

    def occurs(self, run: Run, subject: str) -> bool:
        """Whether the pattern matches somewhere in the subject."""
        return next(self.matches(run, subject), None) is not None

    def matches(self, run: Run, subject: str) -> Iterator[Groups]:
        """The matches from left to right."""
        if self._program is not None:
            yield from self._counted(self._program, run, subject)
            return
        assert self._linear is not None
        try:
            for match in self._linear.finditer(subject):
                yield [match.span(number) for number in range(self.groups + 1)]
        except UnicodeEncodeError:
            raise Fault("The text holds half a character.") from None

    def _counted(self, program: Program, run: Run, subject: str) -> Iterator[Groups]:
        start = 0
        while start <= len(subject):
            slots = program.match(run, subject, start)
            if slots is None:
                start += 1
                continue
            yield [(slots[2 * number], slots[2 * number + 1]) for number in range(self.groups + 1)]
            start = slots[1] + (slots[1] == slots[0])

    def replace(self, run: Run, subject: str, replacement: str) -> str:
        """The subject with every match replaced; raises Fault when the pattern matches nothing at all."""
        pieces = [replacement] if "q" in self._flags else _pieces(replacement, self.groups)
        parts: list[str] = []
        done = 0
        for groups in self.matches(run, subject):
            run.tick(1 + len(pieces))
            start, end = groups[0]
            if start == end:
                raise Fault("The pattern matches the empty text, so there is nothing to replace.")
            parts.append(subject[done:start])
            parts += [piece if isinstance(piece, str) else _captured(subject, groups[piece]) for piece in pieces]
            done = end
        parts.append(subject[done:])
        return "".join(parts)

    def split(self, run: Run, subject: str) -> list[str]:
        """The parts between the matches."""
        parts: list[str] = []
        done = 0
        for groups in self.matches(run, subject):
            run.tick(1)
            start, end = groups[0]
            if start == end:
                continue
            parts.append(subject[done:start])
            done = end
        return [*parts, subject[done:]]


def _captured(subject: str, span: tuple[int, int]) -> str:
    return subject[span[0] : span[1]] if span[0] >= 0 else ""


def _pieces(replacement: str, groups: int) -> list[str | int]:
    r"""Texts and numbers of groups; `$` stands before a digit and `\` before `$` or `\` only."""
    pieces: list[str | int] = []
    position = 0
    while position < len(replacement):
        sign = replacement[position]
        ahead = replacement[position + 1 : position + 2]
        position += 1
        if sign == "\\":
            if ahead not in {"\\", "$"}:
                raise Fault("In a replacement, \\ stands before \\ or $ only.")
            pieces.append(ahead)
            position += 1
        elif sign == "$":
            if not (ahead.isascii() and ahead.isdigit()):
                raise Fault("In a replacement, $ stands before the number of a group.")
            number, position = _group_number(replacement, position, groups)
            pieces.append(number if number <= groups else "")
        else:
            pieces.append(sign)
    return pieces


def _group_number(replacement: str, position: int, groups: int) -> tuple[int, int]:
    number = int(replacement[position])
    position += 1
    while replacement[position : position + 1].isdigit() and replacement[position].isascii():
        longer = number * 10 + int(replacement[position])
        if longer > groups:
            break
        number, position = longer, position + 1
    return number, position


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Pattern:
    """The pattern, cached; raises Fault for one that is wrong."""
    return Pattern(pattern, flags)
