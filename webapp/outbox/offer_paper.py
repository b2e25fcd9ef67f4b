"""The paper of an offer for whoever sends it from its page or by the API: made now or before, once for each version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Conflict
from core.identity import Actor
from crm import offer_queries
from crm.outbox.ports import PaperRef
from documents.filing import FileDocument
from documents.templates.letters import stored
from processes.offer_approval import paper

if TYPE_CHECKING:
    from webapp.bootstrap import Application


class OfferNotFrozen(Conflict):
    """What an offer says can still change."""

    code = "offer_not_frozen"

    def __init__(self, number: str) -> None:
        super().__init__(f"Offer {number} is not approved yet, so there is no paper of it to send.", number=number)


def offer_paper(application: Application, offer_id: str, *, actor: Actor) -> PaperRef:
    """The PDF of the newest version. Raises `OfferNotFrozen`, `OfferNotFound`."""
    with application.units.reading(actor) as view:
        offer = offer_queries.offer(view, offer_id)
        if offer.digest is None:
            raise OfferNotFrozen(offer.number)
        known = paper.filed_paper(view, offer)
        if known is not None:
            return known
        content = paper.typeset(view, offer)
    order = FileDocument(
        title=paper.title_of(offer),
        type=paper.TYPE,
        blob=stored(application, actor, content),
        file_name=paper.name_of(offer),
        links=paper.links_of(offer),
        reason="made to be sent",
    )
    filed = application.executor.execute(order, actor=actor)
    return PaperRef(document_id=filed.id, version=filed.version)
