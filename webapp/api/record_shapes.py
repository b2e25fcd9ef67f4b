"""What the API answers about records, where that is more than one record of a context."""

from __future__ import annotations

from collections.abc import Sequence

from core.records import dataclass
from documents.records.disposal_queries import Disposal
from documents.records.recomputing import RunView
from documents.records.rules import RuleRevision, RuleView


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced:
    """The hold that stands now."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run that computes the schedule anew."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """Runs over the schedule."""

    items: Sequence[RunView]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """Rules, those that count first."""

    items: Sequence[RuleView]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaved:
    """The revision that a rule is at now."""

    key: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionList:
    """What a rule said at any time, newest first."""

    items: Sequence[RuleRevision]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalList:
    """Disposals, newest first."""

    items: Sequence[Disposal]
