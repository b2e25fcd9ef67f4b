"""How a session is kept from records that somebody's rights do not reach."""

from typing import Protocol

from sqlalchemy.orm import Session

from core.identity import Actor

WHOLE = "whole"  # the key of `Session.info` with what is true while the session may see everything all the same


class Confining(Protocol):
    """Keeps a session to the records that somebody's rights reach; the composition root gives it."""

    def __call__(self, session: Session, actor: Actor, permission: str | None) -> None:
        """Confine it for an actor who has limits, and for the right that a command asks for, if any."""


def refuse_limits(session: Session, actor: Actor, permission: str | None) -> None:  # noqa: ARG001 -- as the others
    """What there is without a composition root: nobody with limits reads anything."""
    raise TypeError(f"{actor.id} has limits, and nothing was given that keeps to them")  # a programming error
