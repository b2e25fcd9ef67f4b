"""Runs the patterns that RE2 refuses because they look back at a group: tries one way after the other, counted."""

from dataclasses import dataclass
from typing import NamedTuple

from engine.feel.errors import Fault
from engine.feel.patterns import charsets
from engine.feel.patterns.charsets import Intervals
from engine.feel.patterns.syntax import Back, Chars, Choice, Edge, Group, Part, Repeat, Sequence
from engine.feel.run import Run

_LONGEST_PROGRAM = 5000


class Step(NamedTuple):
    """One instruction: what to do, two numbers, and a set of characters."""

    do: str
    first: int = 0
    second: int = 0
    chars: Intervals = ()


@dataclass(slots=True)
class Program:
    """A pattern as instructions; slots 2n and 2n+1 hold where group n begins and ends."""

    steps: list[Step]
    slots: int
    flags: str

    def match(self, run: Run, text: str, start: int) -> list[int] | None:
        """The slots of the first match that begins at `start`; every step counts against the run."""
        waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, start, (-1,) * self.slots)]
        while waiting:
            run.tick(3)
            at, position, slots = waiting.pop()
            step = self.steps[at]
            if step.do == "match":
                return list(slots)
            if step.do == "split":  # the preferred way is taken first, so it is put on top
                waiting.append((step.second, position, slots))
                waiting.append((step.first, position, slots))
            elif step.do == "progress":
                if slots[step.first] != position:
                    waiting.append((at + 1, position, slots))
            elif step.do == "save":
                waiting.append((at + 1, position, (*slots[: step.first], position, *slots[step.first + 1 :])))
            elif step.do == "jump":
                waiting.append((step.first, position, slots))
            else:
                length = self._length(step, text, position, slots)
                if length >= 0:
                    waiting.append((at + 1, position + length, slots))
        return None

    def _length(self, step: Step, text: str, position: int, slots: tuple[int, ...]) -> int:
        """How many characters an instruction takes, negative when it does not fit."""
        if step.do == "chars":
            return 1 if position < len(text) and charsets.contains(step.chars, ord(text[position])) else -1
        if step.do == "edge":
            return 0 if self._is_edge(text, position, at_start=bool(step.first)) else -1
        seen = text[slots[2 * step.first] : slots[2 * step.first + 1]] if slots[2 * step.first + 1] >= 0 else ""
        found = text[position : position + len(seen)]
        same = found.casefold() == seen.casefold() if "i" in self.flags else found == seen
        return len(seen) if same else -1

    def _is_edge(self, text: str, position: int, *, at_start: bool) -> bool:
        if at_start:
            return position == 0 or ("m" in self.flags and text[position - 1] == "\n")
        return position == len(text) or ("m" in self.flags and text[position] == "\n")


class Assembler:
    """Turns a pattern into a program."""

    def __init__(self, groups: int, flags: str) -> None:
        self.steps: list[Step] = []
        self.slots = 2 * (groups + 1)
        self.flags = flags

    def program(self, part: Part) -> Program:
        """The program of a whole pattern; raises Fault when it grows too long."""
        self._put(Step("save", 0))
        self._add(part)
        self._put(Step("save", 1))
        self._put(Step("match"))
        return Program(self.steps, self.slots, self.flags)

    def _put(self, step: Step) -> int:
        if len(self.steps) >= _LONGEST_PROGRAM:
            raise Fault("The pattern is too large.")
        self.steps.append(step)
        return len(self.steps) - 1

    def _add(self, part: Part) -> None:
        if isinstance(part, Chars):
            self._put(Step("chars", chars=part.all()))
        elif isinstance(part, Edge):
            self._put(Step("edge", int(part.at_start)))
        elif isinstance(part, Back):
            self._put(Step("back", part.number))
        elif isinstance(part, Sequence):
            for piece in part.parts:
                self._add(piece)
        elif isinstance(part, Group):
            self._group(part)
        elif isinstance(part, Choice):
            self._choice(part)
        else:
            self._repeat(part)

    def _group(self, part: Group) -> None:
        if not part.number:
            self._add(part.inside)
            return
        self._put(Step("save", 2 * part.number))
        self._add(part.inside)
        self._put(Step("save", 2 * part.number + 1))

    def _choice(self, part: Choice) -> None:
        exits = []
        for option in part.options[:-1]:
            split = self._put(Step("split"))
            self._add(option)
            exits.append(self._put(Step("jump")))
            self.steps[split] = Step("split", split + 1, len(self.steps))
        self._add(part.options[-1])
        for leave in exits:
            self.steps[leave] = Step("jump", len(self.steps))

    def _repeat(self, part: Repeat) -> None:
        for _ in range(part.least):
            self._add(part.part)
        if part.most is None:
            self._endless(part)
            return
        splits = []
        for _ in range(part.most - part.least):
            splits.append(self._put(Step("split")))
            self._add(part.part)
        for split in splits:
            self.steps[split] = self._split(split + 1, len(self.steps), lazy=part.lazy)

    def _endless(self, part: Repeat) -> None:
        mark, self.slots = self.slots, self.slots + 1
        split = self._put(Step("split"))
        self._put(Step("save", mark))
        self._add(part.part)
        self._put(Step("progress", mark))
        self._put(Step("jump", split))
        self.steps[split] = self._split(split + 1, len(self.steps), lazy=part.lazy)

    def _split(self, inside: int, behind: int, *, lazy: bool) -> Step:
        return Step("split", behind, inside) if lazy else Step("split", inside, behind)
