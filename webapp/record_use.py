"""Which records of the CRM something outside it names; imports that are taken back ask."""

from sqlalchemy import select

from documents.models import DocumentLinkRow
from engine.models import InstanceEntityRow
from storage.unit_of_work import UnitOfWork


class UsedRecords:
    """Asks documents and cases."""

    def used(self, unit: UnitOfWork, entity: str, ids: list[str]) -> set[str]:
        """Those that a document or a case is linked to."""
        documents = select(DocumentLinkRow.target).where(
            DocumentLinkRow.kind == entity, DocumentLinkRow.target.in_(ids)
        )
        cases = select(InstanceEntityRow.entity_id).where(
            InstanceEntityRow.entity == entity, InstanceEntityRow.entity_id.in_(ids)
        )
        return {*unit.session.scalars(documents), *unit.session.scalars(cases)}
