"""Slow work on documents that a request asks for: small work is done at once, all other is ordered from a worker."""

from __future__ import annotations

from typing import Any

from documents.apart import WorkTimedOut
from documents.filing import FiledDocument
from documents.orders.kinds import check, kind_of
from documents.orders.placing import PlaceOrder
from webapp.web import application, current_actor, run, view

AT_ONCE = 15  # seconds that a request may wait for small work


def made_or_ordered(order: Any, *, at_once: bool = True) -> FiledDocument | str:
    """What was made, or the id of the order; small work that takes longer than it may is ordered, too.

    Raises what the work refuses with.
    """
    with view() as reading:
        found = check(reading, order)
    if at_once and found.is_small:
        _, kind = kind_of(order)
        try:
            return kind.make(application(), order, current_actor(), AT_ONCE)
        except WorkTimedOut:
            pass  # a worker has more time
    ordered: str = run(PlaceOrder(order=order))
    return ordered
