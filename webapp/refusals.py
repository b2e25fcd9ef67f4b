"""Tells the trail what was refused to whom: missing rights, failed log-ins, tokens and addresses that are not valid."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import current_app, g, request

from audit.refusals import Refusal, TellRefusals, count_refusal, stranger, untold
from core.errors import DomainError, Forbidden
from core.identity import SYSTEM, Actor
from webapp.accounts.queries import names_of

if TYPE_CHECKING:
    from webapp.bootstrap import Application

logger = logging.getLogger(__name__)


def note_forbidden(error: DomainError) -> None:
    """Count that whoever sent this request has no right to what it asks for."""
    actor = g.get("actor")
    if isinstance(error, Forbidden) and isinstance(actor, Actor):
        _count("forbidden", actor.id, error.code)


def note_log_in(account: str | None, code: str) -> None:
    """Count a log-in that failed; `account` only where there is such an account."""
    _count("log_in", account, code)


def note_token() -> None:
    """Count a token that is not valid."""
    _count("token", None, "unauthenticated")


def note_address(account: str | None, code: str) -> None:
    """Count an address that would open something by itself and does not; `account` is whose it was, where known.

    What was asked for is told without the secret, which may be nearly the right one.
    """
    _count("address", account, code, place=str(request.url_rule))


def _count(kind: str, account: str | None, code: str, *, place: str | None = None) -> None:
    """Whatever is wrong with the counting, the answer that people get stays the refusal."""
    what = f"{request.method} {place or request.path}"
    refusal = Refusal(
        kind=kind, account=account, address=request.remote_addr, what=what, alike=request.endpoint or "", code=code
    )
    application: Application = current_app.extensions["obieg"]
    try:
        count_refusal(application.database.engine, application.clock, refusal)
    except DomainError as problem:
        logger.warning("a refusal was not counted", extra={"action": kind, "code": problem.code})


def tell_refusals(application: Application) -> int:
    """Write what was counted in minutes that are over into the trail, as entries of whoever it was refused to."""
    before = application.clock.now().replace(second=0, microsecond=0)
    people = untold(application.database.engine, before)
    with application.units.reading(SYSTEM) as view:
        names = names_of(view, {account for kind, account, _ in people if account is not None})
    total = 0
    for kind, account, address in people:
        actor = stranger(address)
        if kind == "forbidden" and account is not None:  # the others have not proved who they are
            actor = Actor(id=account, name=names.get(account, account), address=address)
        command = TellRefusals(kind=kind, account=account, address=address, before=before)
        total += application.executor.execute(command, actor=actor)
    return total
