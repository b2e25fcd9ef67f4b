"""Where a message belongs: by its address, its subject and what it answers, when its sender is known."""

import re
from collections.abc import Collection, Mapping
from typing import Protocol

from core.ids import is_id
from core.records import dataclass
from documents.access import LinkRights, Target, links_of
from documents.links import CASE, DocumentLink
from documents.mail.letters import addresses
from documents.mail.queries import filed_messages
from storage.unit_of_work import Reading

ROLE = "correspondence"
SENT = "sent"  # the role in which copies of our own messages belong to what they are about
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
    """Certain is what the message names or answers, and whose addresses are in it, when we know who sent it.

    An address that is several customers' makes a message that answers nothing wait for a person.
    """
    senders = addresses([letter.sender])
    known = view.port(MailDirectory).known(view, {*senders, *letter.recipients})
    is_known = any(each in known for each in senders)
    answered = _answered(view, letter)
    cases = _cases(view, letter, answered)
    others = sorted(each for each in answered if each.kind != CASE)
    customers = sorted({next(iter(owners)) for owners in known.values() if len(owners) == 1})
    targets = list(dict.fromkeys([*cases, *others, *customers]))[:MOST]
    found = tuple(DocumentLink(kind=each.kind, id=each.id, role=ROLE) for each in targets)
    is_clear = bool(customers) and all(len(owners) <= 1 for owners in known.values())
    if is_known and (cases or others or is_clear):
        return Correlation(links=found, suggested=(), is_known=True)
    return Correlation(links=(), suggested=found, is_known=is_known)


def _cases(view: Reading, letter: Letterhead, answered: Collection[Target]) -> list[Target]:
    """The cases that exist among those that the message names or answers."""
    named = [found for each in letter.recipients for found in _ADDRESS.findall(each)]
    named += _SUBJECT.findall(letter.subject)
    wanted = {Target(CASE, each.upper()) for each in named if is_id(each.upper())}
    wanted |= {each for each in answered if each.kind == CASE}
    return sorted(view.port(LinkRights).visible(view, wanted)) if wanted else []


def _answered(view: Reading, letter: Letterhead) -> set[Target]:
    """What the messages that are answered belong to: cases, and the records that we wrote to customers about."""
    answered = filed_messages(view, letter.references).values()
    if not answered:
        return set()
    links = [link for found in links_of(view, list(answered)).values() for link in found]
    about = {Target(link.kind, link.target) for link in links if link.kind == CASE or link.role == SENT}
    return set(view.port(LinkRights).visible(view, about))
