"""Where templates get their fields and letters their recipients; the composition root fills it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.errors import InvalidInput
from core.records import dataclass
from documents.templates.shapes import Field
from storage.unit_of_work import Reading

MOST_RECIPIENTS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who gets a letter; `lines` are what stands on the envelope, the name first."""

    kind: str
    id: str
    name: str
    lines: tuple[str, ...]


class MergeFields(Protocol):
    """What is known of records, for those who write to people."""

    def kinds(self) -> Mapping[str, str]:
        """The kinds of records that a template can tell of, with their titles."""

    def catalogue(self, kind: str) -> tuple[Field, ...]:
        """The fields of a template about such a record. Raises `InvalidInput` for a kind that is none."""

    def values_of(self, reading: Reading, kind: str, record_id: str) -> dict[str, Any]:
        """The fields of one record as JSON, for an actor who may see it. Raises `NotFound`, `Forbidden`."""

    def id_of(self, reading: Reading, kind: str, name: str) -> str:
        """The id of a record that somebody named by its id or number. Raises `NotFound`, `Forbidden`."""

    def recipients(self, reading: Reading, wanted: Mapping[str, Any]) -> Sequence[Recipient]:
        """Those who fit a search, or those with the `ids`, in their order; for an actor who may see them."""

    def objection(self, reading: Reading, kind: str, record_id: str, purpose: str) -> str | None:
        """Why a letter of that purpose must not go to them, such as a consent that they withdrew; None when it may."""

    def language(self, values: Mapping[str, Any] | None = None) -> str:
        """The language of a letter with these values, else of the firm: en, pl, ro, ru or another."""


class NobodyFound(InvalidInput):
    """There is nobody to write to."""

    code = "no_recipients"


def chosen(reading: Reading, wanted: Mapping[str, Any]) -> Sequence[Recipient]:
    """Who gets a letter. Raises `NobodyFound`, `InvalidInput` for too many."""
    found = reading.port(MergeFields).recipients(reading, wanted)
    if not found:
        raise NobodyFound("Nobody fits this search, so there is nobody to write to.")
    if len(found) > MOST_RECIPIENTS:
        raise InvalidInput(f"{len(found)} recipients are too many at once; write to {MOST_RECIPIENTS} at most.")
    return found
