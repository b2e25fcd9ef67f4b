"""Going on where a step failed."""

from dataclasses import dataclass

from core.messages import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIncident(Command):
    """Try the failed step again."""

    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipIncident(Command):
    """Go on behind the failed step as if it had been done."""

    incident_id: str
    reason: str
