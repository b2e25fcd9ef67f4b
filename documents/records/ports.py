"""What records ask of others; the composition root fills these through `unit.port`."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from documents.access import Target
from storage.unit_of_work import Reading, UnitOfWork


class CaseFacts(Protocol):
    """What is known of cases and business records, without asking for rights."""

    def closings(self, reading: Reading, cases: Collection[str]) -> dict[str, datetime | None]:
        """When each ended, None while it runs; a case that is not known is left out."""

    def subjects(self, reading: Reading, cases: Collection[str]) -> dict[str, frozenset[Target]]:
        """The business records that each case is about; a case about none may be left out."""

    def cases_about(self, reading: Reading, subjects: Collection[Target]) -> frozenset[str]:
        """The cases that are about any of the business records."""

    def known(self, reading: Reading, target: Target) -> bool:
        """Whether there is such a case or business record."""


class PersonalTrail(Protocol):
    """The personal values that the trail keeps apart from its entries."""

    def erase(self, unit: UnitOfWork, document_ids: Collection[str]) -> None:
        """Destroy titles and file names of the documents; the entries and their chains stay as they are."""


class Destroyer(Protocol):
    """Destroys what a disposal lists, batch after batch, each in a transaction of its own."""

    def destroy(self, disposal_id: str) -> None:
        """Go on until nothing is left; whoever is stopped in between goes on where it was."""
