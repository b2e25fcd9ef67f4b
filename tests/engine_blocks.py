"""Models out of nested blocks: as they are drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hypothesis import strategies as st

Trigger: TypeAlias = Literal["message", "timer", "signal", "error", "escalation", "compensate", "cancel"]
ScopeKind: TypeAlias = Literal["embedded", "transaction", "called"]
Kind: TypeAlias = Literal["exclusive", "parallel", "inclusive"]


@dataclass(frozen=True)
class Catch:
    """What is caught, and what is done then: a boundary event's flow, or an event sub-process."""

    trigger: Trigger
    interrupts: bool
    body: Block
    handlers: tuple[Catch, ...] = ()  # of an event sub-process itself


@dataclass(frozen=True)
class Many:
    """An activity more than once: all at the same time, one after the other, or as a loop."""

    kind: Literal["parallel", "sequential", "loop"]
    number: int
    enough: int | None = None  # so many that are done end the others


@dataclass(frozen=True)
class Activity:
    """A user task; with a body a sub-process, a transaction, or a process that is called."""

    body: Block | None = None
    handlers: tuple[Catch, ...] = ()
    boundary: tuple[Catch, ...] = ()
    many: Many | None = None
    kind: ScopeKind = "embedded"
    can_be_undone: bool = False  # a task is tied to it that undoes it
    is_mapped: bool = False  # has a variable `a` of its own, one more than outside, and gives it on as `b`


@dataclass(frozen=True)
class Line:
    """One after the other."""

    parts: tuple[Block, ...]


@dataclass(frozen=True)
class Split:
    """Branches of an exclusive, parallel or inclusive gateway; `taken` are the ones whose condition is true."""

    kind: Kind
    branches: tuple[Block, ...]
    taken: tuple[int, ...]


@dataclass(frozen=True)
class Again:
    """Its body and then a task; who completes the task says whether all comes once more."""

    body: Block


@dataclass(frozen=True)
class Race:
    """An event-based gateway: the first message decides."""

    branches: tuple[Block, ...]


@dataclass(frozen=True)
class Wait:
    """A catch event."""

    trigger: Literal["message", "timer", "signal"]


@dataclass(frozen=True)
class Raise:
    """A task, and then an escalation is thrown."""


@dataclass(frozen=True)
class Undo:
    """A task, and then all that its scope has completed is undone."""


@dataclass(frozen=True)
class Fork:
    """Branches that do not meet again; the last of its scope."""

    branches: tuple[Block, ...]


@dataclass(frozen=True)
class Stop:
    """A task, and then the end of more than one token."""

    kind: Literal["terminate", "error", "cancel"]


Block: TypeAlias = Activity | Line | Split | Again | Race | Wait | Raise | Undo | Fork | Stop
ALL: tuple[Trigger, ...] = ("message", "timer", "signal", "error", "escalation")
FROM_OUTSIDE: tuple[Trigger, ...] = ("message", "timer", "signal")


@st.composite
def models(draw: st.DrawFn) -> Activity:
    """A process: its body and its event sub-processes."""
    return Activity(draw(tails(3)), draw(catches(2, own=1)))


@st.composite
def tails(draw: st.DrawFn, depth: int, stops: Sequence[Stop] = (Stop("terminate"), Stop("error"))) -> Block:
    """The body of a scope, which may end in more than one place and more than one way."""
    last = blocks(max(depth, 0)) | st.sampled_from(stops)
    if depth > 0 and draw(st.booleans()):
        return Fork(tuple(draw(st.lists(last, min_size=2, max_size=3))))
    return draw(last)


@st.composite
def catches(draw: st.DrawFn, depth: int, kinds: Sequence[Trigger] = ALL, own: int = 0) -> tuple[Catch, ...]:
    """What is caught at one place, what many hear once; `own` event sub-processes lie in one another.

    What does not interrupt is one activity: two tokens in the same flows would meet at its gateways.
    """
    chosen = draw(st.lists(st.sampled_from(kinds), max_size=2))
    chosen = [each for n, each in enumerate(chosen) if each in ("message", "timer") or each not in chosen[:n]]
    found = []
    for kind in chosen:
        interrupts = kind == "error" or draw(st.booleans())
        body = draw((blocks if interrupts else activities)(max(depth, 0)))
        found.append(Catch(kind, interrupts, body, draw(catches(depth - 1, own=own - 1)) if own > 0 else ()))
    return tuple(found)


@st.composite
def manies(draw: st.DrawFn) -> Many | None:
    """How often an activity is performed."""
    kind = draw(st.sampled_from([None, None, "parallel", "sequential", "loop"]))
    if kind is None:
        return None
    number = draw(st.integers(1 if kind == "loop" else 0, 3))
    return Many(kind, number, None if kind == "loop" else draw(st.none() | st.integers(1, 3)))


@st.composite
def activities(draw: st.DrawFn, depth: int) -> Activity:
    """A task; one with a body where there is room for one."""
    undone, mapped = draw(st.booleans()), draw(st.booleans())
    if depth == 0 or not draw(st.booleans()):
        return Activity(
            boundary=draw(catches(depth - 1, FROM_OUTSIDE)) if depth > 0 else (),
            many=draw(manies()),
            can_be_undone=undone,
        )
    kind: ScopeKind = draw(st.sampled_from(["embedded", "transaction", "called"]))
    stops = (Stop("cancel"), Stop("error")) if kind == "transaction" else (Stop("terminate"), Stop("error"))
    body, handlers = draw(tails(depth - 1, stops)), draw(catches(depth - 1, own=draw(st.integers(0, 1))))
    if draw(st.booleans()):
        handlers += (Catch("compensate", True, draw(blocks(depth - 1))),)
    heard = any(each.trigger == "signal" for each in handlers)  # then the boundary would not hear it
    around = draw(catches(depth - 1, [each for each in ALL if each != "signal"] if heard else ALL))
    if kind == "transaction":
        around += (Catch("cancel", True, draw(blocks(depth - 1))),)
    return Activity(body, handlers, around, draw(manies()), kind, undone, mapped)


@st.composite
def splits(draw: st.DrawFn, depth: int) -> Split:
    """A gateway with its branches, and the other one where they meet."""
    kind: Kind = draw(st.sampled_from(["exclusive", "parallel", "inclusive"]))
    branches = tuple(draw(st.lists(blocks(depth - 1), min_size=2, max_size=3)))
    numbers = list(range(len(branches)))
    least, most = {"exclusive": (1, 1), "parallel": (len(numbers), len(numbers)), "inclusive": (1, len(numbers))}[kind]
    taken = draw(st.lists(st.sampled_from(numbers), min_size=least, max_size=most, unique=True))
    return Split(kind, branches, tuple(sorted(taken)))


@st.composite
def blocks(draw: st.DrawFn, depth: int = 3) -> Block:
    """Any block that goes on behind itself."""
    few: list[st.SearchStrategy[Block]] = [
        activities(0),
        st.sampled_from(["message", "timer", "signal"]).map(Wait),
        st.sampled_from([Raise(), Undo()]),
    ]
    if depth > 0:
        inner = blocks(depth - 1)
        some = st.lists(inner, min_size=1, max_size=3).map(tuple)
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        few += [activities(depth)] * 3 + [splits(depth), some.map(Line), several.map(Race), inner.map(Again)]
    return draw(st.sampled_from(few).flatmap(lambda one: one))
