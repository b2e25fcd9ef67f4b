"""What activities ask of others; the composition root fills it."""

from collections.abc import Sequence
from typing import Protocol

from storage.unit_of_work import Reading


class CaseStages(Protocol):
    """Knows where the cases are that records belong to."""

    def stage(self, view: Reading, records: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        """Process and stage of the newest running case that is about one of the records, each an entity and an id.

        None where there is none, or where it is in no stage.
        """
