"""Tells the CRM which documents name a person: those linked to them, and messages from or to their address."""

from collections.abc import Collection

from sqlalchemy import String, cast, or_, select

from documents.mail.models import MailRow
from documents.models import DocumentLinkRow, DocumentRow
from storage.unit_of_work import Reading

CONTACT = "crm.contact"
MOST = 1000  # documents


class PapersOfPeople:
    """Looks at links and at filed messages; nothing is told of documents that were destroyed."""

    def naming(self, reading: Reading, contact_id: str, address: str | None, known: Collection[str]) -> Collection[str]:
        """Their ids, and those of the known ones that are still there."""
        links = select(DocumentLinkRow.document_id).where(
            DocumentLinkRow.kind == CONTACT, DocumentLinkRow.target == contact_id
        )
        named = [DocumentRow.id.in_(links), DocumentRow.id.in_(known)]
        if address:
            sides = (MailRow.sender, cast(MailRow.recipients, String))
            mails = select(MailRow.document_id).where(
                or_(*(each.icontains(address, autoescape=True) for each in sides))
            )
            named.append(DocumentRow.id.in_(mails))
        wanted = select(DocumentRow.id).where(or_(*named), DocumentRow.destroyed_at.is_(None))
        return reading.session.scalars(wanted.order_by(DocumentRow.id.desc()).limit(MOST)).all()
