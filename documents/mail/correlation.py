"""Where a message belongs: by its address, its subject and what it answers, when its sender is known."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.ids import is_id
from documents.access import LinkRights, Target, links_of
from documents.links import CASE, DocumentLink
from documents.mail.letters import addresses
from documents.mail.queries import filed_messages
from storage.unit_of_work import Reading

ROLE = "correspondence"
MOST = 20  # things that one message can belong to
_ADDRESS = re.compile(r"case\+([0-9a-z]{26})@")
_SUBJECT = re.compile(r"\[(?:case|obieg)[:# ]\s?([0-9A-Za-z]{26})\]", re.IGNORECASE)


class MailDirectory(Protocol):
    """Whose addresses these are; the composition root fills it."""

    def known(self, reading: Reading, addresses: Collection[str]) -> Mapping[str, frozenset[Target]]:
        """What each known address (small letters) belongs to; a colleague's to nothing, unknown ones are left out."""


class Letterhead(Protocol):
    """What is needed to know of a message."""

    @property
    def sender(self) -> str:
        """The header From."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Addresses, small letters."""

    @property
    def subject(self) -> str:
        """As people read it."""

    @property
    def references(self) -> tuple[str, ...]:
        """Identifiers of the messages that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """What a message certainly belongs to, and what it may belong to; `is_known` tells of its sender."""

    links: tuple[DocumentLink, ...]
    suggested: tuple[DocumentLink, ...]
    is_known: bool


def correlate(view: Reading, letter: Letterhead) -> Correlation:
    """Certain are only cases that the message names or answers, and only when we know who sent it.

    Customers are added when an address belongs to one of them alone.
    """
    senders = addresses([letter.sender])
    known = view.port(MailDirectory).known(view, {*senders, *letter.recipients})
    is_known = any(each in known for each in senders)
    cases = _cases(view, letter)
    customers = sorted({next(iter(owners)) for owners in known.values() if len(owners) == 1})
    found = tuple(DocumentLink(kind=each.kind, id=each.id, role=ROLE) for each in [*cases, *customers][:MOST])
    if is_known and cases:
        return Correlation(links=found, suggested=(), is_known=True)
    return Correlation(links=(), suggested=found, is_known=is_known)


def _cases(view: Reading, letter: Letterhead) -> list[Target]:
    """The cases that exist among those that the message names or answers."""
    named = [found for each in letter.recipients for found in _ADDRESS.findall(each)]
    named += _SUBJECT.findall(letter.subject)
    wanted = {Target(CASE, each.upper()) for each in named if is_id(each.upper())}
    answered = filed_messages(view, letter.references).values()
    for links in links_of(view, list(answered)).values() if answered else ():
        wanted |= {Target(CASE, each.target) for each in links if each.kind == CASE}
    return sorted(view.port(LinkRights).visible(view, wanted)) if wanted else []
