"""The letters as papers: words in the customer's language, a table of invoices, amounts of the day they are printed."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from core.records import dataclass
from crm.company import Company
from crm.models import CustomerRow
from crm.money import NOTHING, rounded
from crm.outbox import words as outbox
from crm.sales.models import InvoiceRow
from documents.papers import render_pdf
from processes.dunning.claims import Claim
from processes.dunning.package import PACKAGE

TYPE = "dunning_letter"
POLISH = "PL"
WITH_EXTRAS = {"L4", "L5", "INT"}  # letters that claim interest and compensation
DAYS = {"L5": 7, "statement": 30}  # to pay
USUAL_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An invoice of a letter with what is claimed for it."""

    invoice: InvoiceRow
    claim: Claim
    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """All that a letter says."""

    template: str
    channel: str
    customer: CustomerRow
    lines: Sequence[Line]
    number: str


def title_of(letter: Letter) -> str:
    """The heading in the customer's language."""
    return str(_words(letter.customer)["letters"][letter.template]["title"])


def subject_of(letter: Letter, channel: str) -> str:
    """What stands above a mail or in the posting book, which says how a letter is to be posted."""
    delivery = _words(letter.customer)["delivery"].get(letter.channel) if channel == outbox.LETTER else None
    return f"{title_of(letter)} ({delivery})" if delivery else title_of(letter)


def text_of(letter: Letter, own: Company, channel: str, *, on: date) -> str:
    """What a mail or SMS says; of a letter nothing, since its paper is the letter."""
    if channel == outbox.LETTER:
        return ""
    fields = letter_fields(letter, own, on=on)
    values = {
        "title": fields["title"],
        "total": fields["total"],
        "company": own.name,
        "until": until(letter.template, on).isoformat(),
        "invoices": ", ".join(each.invoice.number for each in letter.lines),
    }
    return str(_words(letter.customer)["messages"][channel]).format(**values)


def until(template: str, on: date) -> date:
    """The last day to pay that a letter names."""
    return on + timedelta(days=DAYS.get(template, USUAL_DAYS))


def letter_pdf(letter: Letter, own: Company, *, on: date, at: datetime) -> bytes:
    """The letter as PDF."""
    return render_pdf(PACKAGE.template("dunning_letter.typ").decode(), letter_fields(letter, own, on=on), at=at)


def letter_fields(letter: Letter, own: Company, *, on: date) -> dict[str, Any]:
    """What the template shows, all of it text."""
    words, extras = _words(letter.customer), letter.template in WITH_EXTRAS
    text, currency = words["letters"][letter.template], letter.lines[0].invoice.currency
    values = {
        "until": until(letter.template, on).isoformat(),
        "law": letter.lines[0].law,
        "interest": _money(sum((each.claim.interest or NOTHING for each in letter.lines), NOTHING), currency),
    }
    columns = [*words["columns"], *(words["extra_columns"] if extras else ())]
    sums = sum((due(each, extras=extras) for each in letter.lines), NOTHING)
    return {
        "title": text["title"],
        "lang": "pl" if letter.customer.country == POLISH else "en",
        "company": own.name,
        "made": on.isoformat(),
        "number": letter.number,
        "words": words["words"],
        "sender": "\n".join(filter(None, (own.name, own.address, own.tax_id))),
        "recipient": address(letter.customer),
        "delivery": words["delivery"].get(letter.channel),
        "opening": [each.format(**values) for each in text["opening"]],
        "closing": [each.format(**values) for each in text["closing"]],
        "columns": columns,
        "rows": [_row(each, on, extras=extras) for each in letter.lines],
        "numbers": list(range(3, len(columns))),
        "total": words["total"].format(total=_money(sums, currency)),
    }


def due(line: Line, *, extras: bool) -> Decimal:
    """What one line of a letter claims."""
    return max(line.claim.balance, NOTHING) + (line.claim.extras if extras else NOTHING)


def address(customer: CustomerRow) -> str:
    """Name and postal address, that for letters first."""
    order = ("correspondence", "billing", "registered", "delivery")
    known = sorted(customer.addresses, key=lambda each: order.index(each.kind) if each.kind in order else len(order))
    lines = [customer.legal_name or customer.name]
    if known:
        first = known[0]
        lines += [first.street, f"{first.postal_code} {first.city}".strip(), first.country]
    return "\n".join(each for each in lines if each)


def _row(line: Line, on: date, *, extras: bool) -> list[str]:
    row, claim = line.invoice, line.claim
    cells = [
        row.number,
        row.issued_on.isoformat(),
        row.due_on.isoformat(),
        str(max((on - row.due_on).days, 0)),
        _plain(row.gross),
        _plain(max(claim.balance, NOTHING)),
    ]
    return [*cells, _known(claim.interest), _known(claim.compensation)] if extras else cells


def _known(amount: Decimal | None) -> str:
    return "–" if amount is None else _plain(amount)


def _plain(amount: Decimal) -> str:
    return f"{rounded(amount):,.2f}".replace(",", " ")


def _money(amount: Decimal, currency: str) -> str:
    return f"{_plain(amount)} {currency}"


def _words(customer: CustomerRow) -> dict[str, Any]:
    return _texts()["pl" if customer.country == POLISH else "en"]


@cache
def _texts() -> dict[str, dict[str, Any]]:
    texts: dict[str, dict[str, Any]] = json.loads(PACKAGE.template("letters.json"))
    return texts
