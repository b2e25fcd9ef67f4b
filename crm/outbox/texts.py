"""Texts that messages are written from: places such as {customer.name} are filled with values, never executed."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings, checked_version
from crm.company import company, today
from crm.devices.queries import device
from crm.errors import OfferNotFound, WrongFields
from crm.languages import LANGUAGES, language_of
from crm.models import CustomerRow, OfferRow, OfferVersionRow
from crm.money import plain
from crm.outbox.errors import TextNotFound
from crm.outbox.events import TextWritten
from crm.outbox.models import TextRow, TextVersionRow
from crm.outbox.places import LINK, PLACES, SAMPLES
from crm.outbox.reaching import Reached
from crm.queries import order
from crm.sales.queries import invoice
from crm.visits.ports import VisitTokens
from storage.unit_of_work import Reading, UnitOfWork

KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
PLACE = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
OFFER_TEXT = """Szanowni Państwo,

w załączeniu przesyłamy ofertę {offer.number} na kwotę {offer.gross} {offer.currency}.
Jest ważna do {offer.valid_until}.
Odpowiedzieć można tutaj: {link}

Z poważaniem
{author.name}
"""
USUAL = {  # what there is before anybody writes a text
    "offer": ("Offer by e-mail", "Oferta {offer.number} / Offer {offer.number}", OFFER_TEXT),
    "greeting": (
        "Birthday",
        "Najlepsze życzenia",
        "{contact.name}, wszystkiego najlepszego z okazji urodzin życzy {company.name}\n",
    ),
    "anniversary": (
        "Anniversary of a firm",
        "{years} lat firmy {customer.name}",
        "Gratulujemy {years} lat działalności firmy {customer.name}!\n{company.name}\n",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """A text by its key; `version` is 0 for one that came with the product."""

    key: str
    title: str
    subject: str
    text: str
    is_active: bool
    version: int
    changed_at: datetime | None = None
    changed_by: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextVersion:
    """What a text said from a time on."""

    n: int
    language: str
    subject: str
    text: str
    written_at: datetime
    written_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledText:
    """A text as somebody would get it, and which variant and version of it that is."""

    subject: str
    text: str
    language: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteText(Command):
    """Write a text for messages, or change one; with a `language` its variant for customers of that language."""

    key: str
    title: str
    subject: str
    text: str
    is_active: bool = True
    expected_version: int | None = None
    language: str = ""


@handles(WriteText, needs="template.edit")
def write_text(command: WriteText, unit: UnitOfWork) -> int:
    """Keep it and return its version. Raises `WrongFields` that names places which nothing fills, `TextNotFound`."""
    findings = Findings()
    title = findings.text("/title", command.title, "The title")
    subject = findings.text("/subject", command.subject, "The subject", longest=500)
    text = findings.text("/text", command.text, "The text", longest=20_000)
    if not KEY.fullmatch(command.key):
        findings.add("/key", "The key has small letters, digits and underscores, such as offer_reminder.")
    for pointer, content in (("/subject", subject), ("/text", text)):
        unknown = nothing_fills(content)
        if unknown is not None:
            findings.add(pointer, unknown)
    if command.language and command.language not in LANGUAGES:
        findings.add("/language", f"Texts are written in one of {', '.join(LANGUAGES)}, or in none for everybody else.")
    findings.refuse()
    row = unit.session.get(TextRow, (command.key, command.language))
    if row is None and command.language:
        text_named(unit, command.key)
    if row is None:
        row = TextRow(key=command.key, language=command.language, row_version=1)
        unit.session.add(row)
    else:
        checked_version(f"The text {row.title}", expected=command.expected_version, current=row.row_version)
    row.title, row.subject, row.text, row.is_active = title, subject, command.text, command.is_active
    row.changed_at, row.changed_by = unit.clock.now(), unit.actor.id
    unit.session.flush()  # the new row version is the answer
    unit.session.add(
        TextVersionRow(
            key=row.key,
            language=row.language,
            n=row.row_version,
            subject=row.subject,
            text=row.text,
            written_at=row.changed_at,
            written_by=row.changed_by,
        )
    )
    told = TextWritten(
        key=row.key, title=title, is_active=row.is_active, language=row.language, version=row.row_version
    )
    unit.emit(told)
    return row.row_version


def nothing_fills(content: str) -> str | None:
    """A sentence about the first place that nothing fills, None where there is none."""
    unknown = sorted(set(PLACE.findall(content)) - PLACES.keys())
    if not unknown:
        return None
    return f"Nothing fills {{{unknown[0]}}}; there are {', '.join(f'{{{each}}}' for each in PLACES)}."


def texts(reading: Reading) -> list[MessageText]:
    """All texts by title: the firm's own, and those that came with the product unless the firm has changed them."""
    rows = [_told(row) for row in reading.session.scalars(select(TextRow))]
    own = {each.key for each in rows if not each.language}
    told = [*rows, *(_usual(key) for key in USUAL if key not in own)]
    return sorted(told, key=lambda each: (each.title, each.key, each.language))


def choices(reading: Reading) -> list[MessageText]:
    """The texts that one chooses from, each once; its variants are chosen by the customer's language."""
    return [each for each in texts(reading) if each.is_active and not each.language]


def versions(
    reading: Reading, key: str, language: str = "", *, before: int | None = None, limit: int = 50
) -> list[TextVersion]:
    """What a text said in a language, the newest first; `before` goes on behind a version. Raises `TextNotFound`."""
    row = TextVersionRow
    wanted = select(row).where(row.key == key, row.language == language).order_by(row.n.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(row.n < before)
    found = [
        TextVersion(
            n=each.n,
            language=each.language,
            subject=each.subject,
            text=each.text,
            written_at=each.written_at,
            written_by=each.written_by,
        )
        for each in reading.session.scalars(wanted)
    ]
    if not found:
        text_named(reading, key)
    return found


def preview(reading: Reading, key: str, whom: Reached, about: tuple[str, str] | None) -> FilledText:
    """The text as this customer would get it; nothing is sent. Raises `TextNotFound`, `WrongFields`, `Forbidden`."""
    require_read(reading)
    found = text_for(reading, key, whom)
    values = fields_of(reading, whom, about)
    return FilledText(
        subject=filled(found.subject, values, "/subject"),
        text=filled(found.text, values),
        language=found.language,
        version=found.version,
    )


def looked_at(reading: Reading, subject: str, text: str, whom: Reached | None) -> tuple[str, str]:
    """A draft as this customer would get it, with examples of what is not known of them. Raises `WrongFields`."""
    require_read(reading)
    values = SAMPLES | ({} if whom is None else fields_of(reading, whom, None))
    for pointer, content in (("/subject", subject), ("/text", text)):
        unknown = nothing_fills(content)
        if unknown is not None:
            raise WrongFields({pointer: unknown})
    return filled(subject, values, "/subject"), filled(text, values)


def text_for(reading: Reading, key: str, whom: Reached) -> MessageText:
    """The text in the language of the customer's country, else for everybody. Raises `TextNotFound`."""
    for_everybody = text_named(reading, key)  # what is not used any more is used in no language
    language = language_of(whom.customer.country) if whom.customer else None
    row = reading.session.get(TextRow, (key, language)) if language else None
    return for_everybody if row is None or not row.is_active else _told(row)


def text_named(reading: Reading, key: str) -> MessageText:
    """The text for everybody. Raises `TextNotFound`, also for one that is not used any more."""
    row = reading.session.get(TextRow, (key, ""))
    if row is None and key in USUAL:
        return _usual(key)
    if row is None or not row.is_active:
        raise TextNotFound(key)
    return _told(row)


def filled(text: str, values: Mapping[str, str], pointer: str = "/text") -> str:
    """The text with its places filled; {link} stays. Raises `WrongFields` for a place without a value."""
    missing = sorted(set(PLACE.findall(text)) - values.keys() - {LINK})
    if missing:
        what = PLACES.get(missing[0], "nothing fills it")
        raise WrongFields({pointer: f"The text asks for {{{missing[0]}}} ({what}), which is not known here."})
    return PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def fields_of(reading: Reading, whom: Reached, about: tuple[str, str] | None) -> dict[str, str]:
    """What is known of whom a message is for and of what it is about."""
    own = company(reading)
    values = {
        "company.name": own.name,
        "company.address": own.address or "",
        "author.name": reading.actor.name,
        "today": today(reading).isoformat(),
    }
    if whom.customer is not None:
        values |= _of_customer(whom.customer)
    if whom.name:
        values["contact.name"] = whom.name
    if whom.contact is not None:
        values["contact.visit"] = reading.port(VisitTokens).token(whom.contact.id)
    match about:
        case ("crm.offer", key):
            values |= _of_offer(reading, key)
        case ("crm.order", key):
            values |= _shown("order", order(reading, key), ("number", "currency", "gross", "ordered_on", "due_on"))
        case ("crm.device", key):
            found = device(reading, key)
            shown = {"serial_number": found.serial_number, "product": found.product_name}
            values |= {f"device.{name}": str(value or "–") for name, value in shown.items()}
        case ("crm.invoice", key):
            wanted = ("number", "currency", "gross", "balance", "issued_on", "due_on")
            values |= _shown("invoice", invoice(reading, key), wanted)
    return values


def _shown(name: str, found: Any, fields: tuple[str, ...]) -> dict[str, str]:
    values = {each: getattr(found, each) for each in fields}
    return {
        f"{name}.{each}": plain(value) if isinstance(value, Decimal) else str(value or "–")
        for each, value in values.items()
    }


def _of_customer(row: CustomerRow) -> dict[str, str]:
    return {"customer.name": row.name, "customer.number": row.number}


def _of_offer(reading: Reading, offer_id: str) -> dict[str, str]:
    offer = reading.session.get(OfferRow, offer_id)
    if offer is None:
        raise OfferNotFound(offer_id)
    wanted = select(OfferVersionRow).where(OfferVersionRow.offer_id == offer.id, OfferVersionRow.n == offer.version)
    version = reading.session.scalars(wanted).one()
    return {
        "offer.number": offer.number,
        "offer.version": str(version.n),
        "offer.gross": plain(version.gross),
        "offer.currency": version.currency,
        "offer.valid_until": version.valid_until.isoformat() if version.valid_until else "–",
    }


def _told(row: TextRow) -> MessageText:
    return MessageText(
        key=row.key,
        title=row.title,
        subject=row.subject,
        text=row.text,
        is_active=row.is_active,
        version=row.row_version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        language=row.language,
    )


def _usual(key: str) -> MessageText:
    title, subject, text = USUAL[key]
    return MessageText(key=key, title=title, subject=subject, text=text, is_active=True, version=0)
