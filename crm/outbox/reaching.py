"""Where a message can go: the addresses and numbers of customers and people, what they wish, and who is barred."""

from collections.abc import Mapping
from dataclasses import field
from email.utils import parseaddr
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from crm.blocking import blocking
from crm.company import company
from crm.errors import ContactNotFound, CustomerNotFound
from crm.models import ContactPositionRow, ContactRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.models import BarRow, WishRow
from crm.privacy.consent_queries import objection
from crm.reach import e164, is_email
from storage.unit_of_work import Reading

POSTAL = ("correspondence", "billing", "registered", "delivery")  # which address a letter goes to, best first
MAILS = ("office", "other", "billing")
CONSUMER = "consumer"  # a kind of customer: a person, not a firm
MOST = 50  # people of a consumer
OPTED_OUT, BOUNCED = "opted_out", "bounced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to somebody: `recipient` is an address or a number, of a letter the name on the envelope."""

    channel: str
    recipient: str
    name: str
    envelope: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways to somebody, best first, and why others are closed: channel to a sentence."""

    open: tuple[Way, ...]
    closed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Whom a message is for."""

    customer: CustomerRow | None
    contact: ContactRow | None

    @property
    def name(self) -> str:
        """The person's, else the firm's."""
        return self.contact.name if self.contact else self.customer.name if self.customer else ""


def reached(reading: Reading, customer_id: str | None, contact_id: str | None) -> Reached:
    """The rows. Raises `CustomerNotFound`, `ContactNotFound` also for somebody of another customer."""
    contact = None
    if contact_id is not None:
        contact = reading.session.get(ContactRow, contact_id)
        if contact is None or not _works_at(reading, contact, customer_id):
            raise ContactNotFound(contact_id)
        customer_id = customer_id or contact.customer_id
    customer = None
    if customer_id is not None:
        customer = reading.session.get(CustomerRow, customer_id)
        if customer is None:
            raise CustomerNotFound(customer_id)
    return Reached(customer=customer, contact=contact)


def _works_at(reading: Reading, contact: ContactRow, customer_id: str | None) -> bool:
    if customer_id in (None, contact.customer_id):
        return True
    position = select(ContactPositionRow.id).where(
        ContactPositionRow.contact_id == contact.id, ContactPositionRow.customer_id == customer_id
    )
    return reading.session.scalar(position.limit(1)) is not None


def ways(
    reading: Reading, whom: Reached, *, purpose: str, channel: str | None = None, given: str | None = None
) -> Ways:
    """The ways that are open for a purpose: the wanted channel first, then the preferred one, then the usual order.

    `given` is an address or number for the wanted channel that somebody wrote by hand.
    """
    order = dict.fromkeys(filter(None, (channel, *_preferred(reading, whom), known.EMAIL, known.SMS, known.LETTER)))
    found, closed = [], {}
    refusal = _refusal(reading, whom, purpose)
    for each in order:
        way = _way(reading, whom, each, given if each == channel else None)
        if isinstance(way, str):
            closed[each] = way
            continue
        person = whom.contact.id if whom.contact is not None else None
        why = refusal or why_closed(reading, way, whom.customer, purpose)
        why = why or objection(reading, person, purpose=purpose, channel=each)
        if why is None:
            found.append(way)
        else:
            closed[each] = why
    return Ways(open=tuple(found), closed=closed)


def why_closed(reading: Reading, way: Way, customer: CustomerRow | None, purpose: str) -> str | None:
    """Why nothing may go this way, for this purpose; None when it may."""
    if (why := why_blocked(reading, customer, purpose)) is not None:
        return why
    if way.channel == known.SMS and customer is not None and customer.no_sms:
        return f"{customer.name} wants no SMS."
    if way.channel == known.LETTER:
        return None
    bar = reading.session.get(BarRow, (way.channel, way.recipient.lower()))
    if bar is None:
        return None
    if bar.kind == OPTED_OUT and purpose == known.BUSINESS and way.channel != known.SMS:
        return None
    if bar.kind == OPTED_OUT:
        return f"{way.recipient} has opted out of messages by {way.channel}."
    return f"Messages to {way.recipient} come back ({bar.reason}). Correct the address, or free it."


def why_blocked(reading: Reading, customer: CustomerRow | None, purpose: str) -> str | None:
    """Why a blocked customer gets no marketing and no greetings; mail on business goes on."""
    if customer is None or purpose == known.BUSINESS or blocking(reading, customer.id) is None:
        return None
    return f"{customer.name} is blocked: no marketing and no greetings go there."


def is_without_marketing(reading: Reading, whom: Reached) -> bool:
    """Whether the person or the firm wants no marketing and no greetings."""
    ids = [each.id for each in (whom.contact, whom.customer) if each is not None]
    wanted = select(WishRow.owner_id).where(WishRow.owner_id.in_(ids), WishRow.is_without_marketing)
    return bool(ids) and reading.session.scalar(wanted.limit(1)) is not None


def letter_objection(reading: Reading, customer_id: str, purpose: str) -> str | None:
    """Why no letter of a purpose may go to a customer; of a consumer, what the people there withdrew counts."""
    whom = reached(reading, customer_id, None)
    why = why_blocked(reading, whom.customer, purpose) or _refusal(reading, whom, purpose)
    if why is not None or purpose == known.BUSINESS or whom.customer is None or whom.customer.customer_kind != CONSUMER:
        return why
    people = reading.session.scalars(select(ContactRow.id).where(ContactRow.customer_id == customer_id).limit(MOST))
    told = (objection(reading, each, purpose=purpose, channel=known.LETTER) for each in people)
    return next((each for each in told if each is not None), None)


def _refusal(reading: Reading, whom: Reached, purpose: str) -> str | None:
    if purpose == known.BUSINESS:
        return None
    if whom.contact is not None and not whom.contact.is_active:
        return f"{whom.contact.name} is no longer there."
    if is_without_marketing(reading, whom):
        return f"{whom.name} wants no marketing and no greetings."
    return None


def _preferred(reading: Reading, whom: Reached) -> list[str]:
    """The person's wish, then the firm's."""
    found = []
    for each in (whom.contact, whom.customer):
        row = reading.session.get(WishRow, each.id) if each is not None else None
        if row is not None and row.channel is not None:
            found.append(row.channel)
    return found


def _way(reading: Reading, whom: Reached, channel: str, given: str | None) -> Way | str:
    match channel:
        case known.EMAIL:
            return _mail(whom, given)
        case known.SMS | known.FAX:
            return _number(reading, whom, channel, given)
        case _:
            return _letter(whom)


def _mail(whom: Reached, given: str | None) -> Way | str:
    shown, address = parseaddr(given) if given else ("", _mail_address(whom))
    if not address:
        return f"{whom.name or 'The recipient'} has no e-mail address."
    if not is_email(address) or not address.isascii():
        return f"{address} is not an e-mail address."
    return Way(channel=known.EMAIL, recipient=address, name=shown or whom.name)


def _mail_address(whom: Reached) -> str | None:
    if whom.contact is not None and whom.contact.email:
        return whom.contact.email
    if whom.customer is None:
        return None
    usable = [each for each in whom.customer.emails if each.bounced_at is None] or whom.customer.emails
    ranked = sorted(usable, key=lambda each: (MAILS.index(each.kind) if each.kind in MAILS else 9, each.position))
    return ranked[0].address if ranked else None


def _number(reading: Reading, whom: Reached, channel: str, given: str | None) -> Way | str:
    country = whom.customer.country if whom.customer else company(reading).country
    if given:
        number = e164(given, country)
        if number is None:
            return f"{given} is not a phone number."
        return Way(channel=channel, recipient=number, name=whom.name)
    number = whom.contact.mobile if whom.contact is not None and channel == known.SMS else None
    if number is None and whom.customer is not None:
        kind = "mobile" if channel == known.SMS else "fax"
        number = next((each.number for each in whom.customer.phones if each.kind == kind and each.number), None)
    if number is None:
        return f"{whom.name or 'The recipient'} has no {'mobile' if channel == known.SMS else 'fax'} number."
    return Way(channel=channel, recipient=number, name=whom.name)


def _letter(whom: Reached) -> Way | str:
    if whom.customer is None:
        return "A letter goes to a customer's address; choose the customer."
    ranked = sorted(
        (each for each in whom.customer.addresses if each.street and each.city),
        key=lambda each: (POSTAL.index(each.kind) if each.kind in POSTAL else 9, each.position),
    )
    if not ranked:
        return f"{whom.customer.name} has no postal address."
    best = ranked[0]
    envelope = {
        "name": whom.customer.name,
        "person": whom.contact.name if whom.contact else None,
        "street": best.street,
        "postal_code": best.postal_code,
        "city": best.city,
        "country": best.country,
    }
    return Way(channel=known.LETTER, recipient=whom.customer.name, name=whom.name, envelope=envelope)
