"""The funnel: how far cases come, where they stand and where they are lost; arithmetic only, no database."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal

from core.records import dataclass

Fate = Literal["won", "now", "lost"]
WON: Final = "won"
NOW: Final = "now"
LOST: Final = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """So many cases came as far as the stage of this number, from 0, and no further; `fate` is what became of them."""

    highest: int
    fate: Fate
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStage:
    """A stage: how many cases came to it or beyond, and of those that came no further, how many run or are lost."""

    stage: str
    reached: int
    now: int
    lost: int
    share: Decimal | None  # of all that started, 0 to 1
    kept: Decimal | None  # of those that reached the stage before


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What became of the cases that started in a period.

    Of a case that went back, the furthest stage counts, so the numbers of a stage and of the next one always differ
    by those that run or were lost in between.
    """

    stages: tuple[FunnelStage, ...]
    started: int
    won: int

    @property
    def lost(self) -> int:
        """Cases that ended without success."""
        return sum(each.lost for each in self.stages)

    @property
    def now(self) -> int:
        """Cases that still run."""
        return sum(each.now for each in self.stages)

    @property
    def win_rate(self) -> Decimal | None:
        """Of the cases that have ended, the share that succeeded; None before any has."""
        return share(self.won, self.won + self.lost)


def funnel(stages: Sequence[str], tallies: Iterable[Tally]) -> Funnel:
    """The funnel of cases that were counted by their furthest stage; one that succeeded has reached every stage."""
    now, lost = [0] * len(stages), [0] * len(stages)
    won = 0
    for each in tallies:
        if each.fate == WON:
            won += each.count
        else:
            (now if each.fate == NOW else lost)[each.highest] += each.count
    found: list[FunnelStage] = []
    started = left = won + sum(now) + sum(lost)
    before: int | None = None
    for number, stage in enumerate(stages):
        kept = None if before is None else share(left, before)
        found.append(
            FunnelStage(
                stage=stage, reached=left, now=now[number], lost=lost[number], share=share(left, started), kept=kept
            )
        )
        before, left = left, left - now[number] - lost[number]
    return Funnel(stages=tuple(found), started=started, won=won)


def share(part: int, whole: int) -> Decimal | None:
    """A part of a whole, 0 to 1; None of nothing."""
    return Decimal(part) / whole if whole else None


def places(versions: Iterable[Sequence[str]]) -> Mapping[str, int]:
    """The number of each stage that a process has or ever had, in the order of the first, newest of its versions.

    A stage that is no longer there counts as the one before it in its own version that still is, else as the first.
    """
    newest, *older = versions
    found = {stage: number for number, stage in enumerate(newest)}
    for stages in older:
        last = 0
        for stage in stages:
            last = found.setdefault(stage, last)
    return found
