"""What follows from what: a circle of cases that begin and rouse one another by messages and signals has an end.

Every job that carries what a case has thrown says what came before it. What happens a second time in one chain is
counted for the whole chain, so that neither a circle nor a tree of them goes on for ever. Waiting for a person, a time
or other work ends a chain: what comes then has been asked for by somebody else. A timer that is due at once is no such
wait; its token keeps what led to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import text

from core.errors import Conflict
from core.ids import new_id
from core.records import dataclass
from storage.unit_of_work import UnitOfWork

BEGINNINGS = 1_000  # of cases in one chain, by start events that had begun one in it before
ARRIVALS = 1_000  # of messages or signals in one chain, where the same had come before
MESSAGES = "message_circle"  # codes of incidents: the message is kept, to be sent again
SIGNALS = "signal_circle"
COUNT = text(
    "INSERT INTO message_event (event_id, received_at, answer) VALUES (:id, :now, '{\"rounds\": 1}')"
    " ON CONFLICT (event_id) DO UPDATE SET answer = jsonb_build_object('rounds',"
    " (message_event.answer->>'rounds')::int + 1) RETURNING (answer->>'rounds')::int"
)


class EndlessChain(Conflict):
    """A circle has gone round too often; `root` is the chain."""

    code = "endless_chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What has led here: `links` in the order in which they came first; `sender` threw what came last."""

    root: str
    links: tuple[str, ...] = ()
    sender: str | None = None
    element: str = ""


_chain: ContextVar[Chain | None] = ContextVar("chain", default=None)


def current() -> Chain | None:
    """The chain that this command belongs to; None where somebody outside has asked for it."""
    return _chain.get()


def told(sender: str, element: str) -> dict[str, Any]:
    """What a job says of the chain, for what a case throws at an element."""
    chain = _chain.get()
    root, links = (new_id(), ()) if chain is None else (chain.root, chain.links)
    return {"root": root, "links": list(links), "sender": sender, "element": element}


def again() -> dict[str, Any] | None:
    """What a job says of this chain that does a part of what this command was to do."""
    return None if (chain := _chain.get()) is None else {**asdict(chain), "links": list(chain.links)}


@contextmanager
def following(told: Mapping[str, Any] | None) -> Iterator[None]:
    """Everything inside follows from what a job tells of; without that, from nothing."""
    chain = None if told is None else Chain(**{**told, "links": tuple(told["links"])})
    mark = _chain.set(chain)
    try:
        yield
    finally:
        _chain.reset(mark)


@contextmanager
def link(unit: UnitOfWork, what: str, most: int) -> Iterator[None]:
    """Everything inside follows from this as well. Raises `EndlessChain` where it has come too often in its chain."""
    chain = _chain.get()
    if chain is None:
        yield
        return
    if what in chain.links:
        arguments = {"id": f"chain:{chain.root}:{most}", "now": unit.clock.now()}
        if unit.session.execute(COUNT, arguments).scalar_one() > most:
            circle = chain.links[chain.links.index(what) :]
            sentence = f"A circle that never waits went round too often and was stopped: {', then '.join(circle)}."
            raise EndlessChain(sentence, root=chain.root)
    mark = _chain.set(chain if what in chain.links else replace(chain, links=(*chain.links, what)))
    try:
        yield
    finally:
        _chain.reset(mark)
