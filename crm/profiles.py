"""What is entered about a customer: its shape, its normal form, and how it stands in the tables."""

from dataclasses import asdict, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from core.ids import new_id
from core.records import dataclass
from crm import company_numbers, tax_ids
from crm.checks import Findings
from crm.models import CustomerAddressRow, CustomerEmailRow, CustomerPhoneRow, CustomerRow
from crm.profile_parts import (
    INCOTERMS,
    BankAccount,
    Identifier,
    checked_accounts,
    checked_identifier,
    part_of,
)
from crm.reach import e164, is_email, is_web_address, words

ADDRESS_KINDS = ("registered", "billing", "delivery", "correspondence")
PHONE_KINDS = ("office", "mobile", "fax", "other")
EMAIL_KINDS = ("office", "billing", "other")
RELIABILITY = ("A", "B", "C", "D")
ABC = ("A", "B", "C")
LISTS = frozenset({"addresses", "phones", "emails"})
PARTS: dict[str, type[Any]] = {"identifiers": Identifier, "bank_accounts": BankAccount}
FINANCE = frozenset({"credit_limit", "payment_days", "grace_days", "bank_accounts"})  # needs a right of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address of a kind: registered, billing, delivery, correspondence."""

    kind: str = "registered"
    street: str
    postal_code: str = ""
    city: str
    region: str | None = None
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone number as somebody wrote it, of a kind: office, mobile, fax, other."""

    number: str
    kind: str = "office"


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail address of a kind: office, billing, other."""

    address: str
    kind: str = "office"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All that is entered about a customer."""

    name: str
    country: str
    legal_name: str | None = None
    region: str | None = None
    tax_id: str | None = None
    currency: str = "PLN"
    credit_limit: Decimal | None = None  # in the company's currency; None: no credit was granted or refused yet
    payment_days: int | None = None  # longest term that is granted
    reliability: str = "B"
    abc_class: str | None = None
    key_account: bool = False
    owner: str | None = None
    owner_team: str | None = None
    external_reference: str | None = None
    parent_id: str | None = None  # the firm that this one belongs to
    business_profile: str | None = None
    industry: str | None = None
    company_category: str | None = None
    customer_kind: str | None = None
    value_class: str | None = None
    ad_source: str | None = None  # how they first heard of us; set once
    website: str | None = None
    founded_on: date | None = None
    needs: str | None = None
    incoterm: str | None = None
    carrier: str | None = None
    least_order: Decimal | None = None  # in the company's currency, likewise the largest
    largest_order: Decimal | None = None
    largest_weight: Decimal | None = None  # kg
    delivery_weekdays: tuple[int, ...] = ()  # 1 is Monday; none: any
    lead_days: int | None = None  # working days from order to delivery
    grace_days: int = 0  # later than others get reminders
    no_sms: bool = False
    identifiers: tuple[Identifier, ...] = ()
    bank_accounts: tuple[BankAccount, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)  # the firm's own fields by key
    addresses: tuple[Address, ...] = ()
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()


def checked(profile: Profile) -> Profile:
    """The profile in its normal form. Raises `WrongFields` with every fault."""
    findings = Findings()
    country = findings.code("/country", profile.country, "The country", 2)
    tax_id = None
    if profile.tax_id:
        tax_id = tax_ids.normal(profile.tax_id, country)
        wrong = company_numbers.tax_fault(tax_id, country)
        if wrong:
            findings.add("/tax_id", wrong)
    limit, days = profile.credit_limit, profile.payment_days
    normal = replace(
        profile,
        **_terms(findings, profile),
        name=findings.text("/name", profile.name, "The name"),
        legal_name=findings.optional("/legal_name", profile.legal_name, "The legal name"),
        country=country,
        region=findings.optional("/region", profile.region, "The region"),
        tax_id=tax_id,
        currency=findings.code("/currency", profile.currency, "The currency", 3),
        credit_limit=None if limit is None else findings.amount("/credit_limit", limit, "The credit limit", places=2),
        payment_days=None if days is None else findings.whole("/payment_days", days, "The payment term", most=365),
        reliability=findings.choice("/reliability", profile.reliability, "The reliability", RELIABILITY),
        abc_class=profile.abc_class and findings.choice("/abc_class", profile.abc_class, "The ABC class", ABC),
        owner=findings.optional("/owner", profile.owner, "The owner"),
        external_reference=findings.optional(
            "/external_reference", profile.external_reference, "The external reference", longest=64
        ),
        identifiers=tuple(checked_identifier(findings, i, each, country) for i, each in enumerate(profile.identifiers)),
        bank_accounts=checked_accounts(findings, profile.bank_accounts),
        addresses=tuple(_address(findings, i, each) for i, each in enumerate(profile.addresses)),
        phones=tuple(_phone(findings, i, each) for i, each in enumerate(profile.phones)),
        emails=tuple(_email(findings, i, each) for i, each in enumerate(profile.emails)),
    )
    findings.refuse()
    return normal


def _terms(findings: Findings, profile: Profile) -> dict[str, Any]:
    """How the customer is served: delivery, exceptions, needs."""
    amounts = {
        "least_order": "The smallest order",
        "largest_order": "The largest order",
        "largest_weight": "The weight",
    }
    found: dict[str, Any] = {
        name: None
        if getattr(profile, name) is None
        else findings.amount(f"/{name}", getattr(profile, name), label, places=3 if name == "largest_weight" else 2)
        for name, label in amounts.items()
    }
    if None not in (profile.least_order, profile.largest_order) and found["least_order"] > found["largest_order"]:
        findings.add("/largest_order", "The largest order must not be smaller than the smallest one.")
    weekdays = tuple(sorted(set(profile.delivery_weekdays)))
    if not set(weekdays) <= set(range(1, 8)):
        findings.add("/delivery_weekdays", "A delivery day is a number from 1 (Monday) to 7 (Sunday).")
    website = findings.optional("/website", profile.website, "The web site", longest=300)
    if website is not None and not is_web_address(website):
        findings.add("/website", f"{website} is no address of a web site. Write it as https://www.example.com.")
    lead = profile.lead_days
    incoterm = profile.incoterm
    return found | {
        "delivery_weekdays": weekdays,
        "website": website,
        "incoterm": incoterm and findings.choice("/incoterm", incoterm.upper(), "The Incoterm", INCOTERMS),
        "carrier": findings.optional("/carrier", profile.carrier, "The carrier"),
        "needs": findings.optional("/needs", profile.needs, "The needs", longest=4000),
        "owner_team": findings.optional("/owner_team", profile.owner_team, "The team", longest=64),
        "lead_days": None if lead is None else findings.whole("/lead_days", lead, "The lead time", most=365),
        "grace_days": findings.whole("/grace_days", profile.grace_days, "The days of grace", most=365),
    }


def _address(findings: Findings, index: int, address: Address) -> Address:
    at = f"/addresses/{index}"
    return Address(
        kind=findings.choice(f"{at}/kind", address.kind, "The kind of an address", ADDRESS_KINDS),
        street=findings.text(f"{at}/street", address.street, "The street"),
        postal_code=findings.optional(f"{at}/postal_code", address.postal_code, "The postal code", longest=16) or "",
        city=findings.text(f"{at}/city", address.city, "The city"),
        region=findings.optional(f"{at}/region", address.region, "The region"),
        country=findings.code(f"{at}/country", address.country, "The country of an address", 2),
    )


def _phone(findings: Findings, index: int, phone: Phone) -> Phone:
    at = f"/phones/{index}"
    return Phone(
        number=findings.text(f"{at}/number", phone.number, "The phone number", longest=40),
        kind=findings.choice(f"{at}/kind", phone.kind, "The kind of a phone number", PHONE_KINDS),
    )


def _email(findings: Findings, index: int, email: Email) -> Email:
    at = f"/emails/{index}"
    address = findings.text(f"{at}/address", email.address, "The e-mail address")
    if not is_email(address):
        findings.add(f"{at}/address", f"{address} is not an e-mail address.")
    return Email(address=address, kind=findings.choice(f"{at}/kind", email.kind, "The kind of an e-mail", EMAIL_KINDS))


def fill(row: CustomerRow, profile: Profile) -> None:
    """Write a checked profile into a row; unchanged lists keep their rows."""
    known = profile_of(row) if row.row_version else None
    for each in fields(Profile):
        if each.name not in LISTS:
            setattr(row, each.name, stored(getattr(profile, each.name)))
    if known is None or known.addresses != profile.addresses:
        row.addresses = [
            CustomerAddressRow(
                id=new_id(),
                position=position,
                kind=each.kind,
                street=each.street,
                postal_code=each.postal_code,
                city=each.city,
                city_key=words(each.city),
                region=each.region,
                country=each.country,
            )
            for position, each in enumerate(profile.addresses, 1)
        ]
    if known is None or known.phones != profile.phones:
        row.phones = [
            CustomerPhoneRow(
                id=new_id(),
                position=position,
                kind=each.kind,
                number=e164(each.number, profile.country),
                as_written=each.number,
            )
            for position, each in enumerate(profile.phones, 1)
        ]
    if known is None or known.emails != profile.emails:
        bounced = {each.address: each.bounced_at for each in row.emails}
        row.emails = [
            CustomerEmailRow(
                id=new_id(),
                position=position,
                kind=each.kind,
                address=each.address,
                bounced_at=bounced.get(each.address),
            )
            for position, each in enumerate(profile.emails, 1)
        ]
    cities = [each.city for each in profile.addresses]
    numbers = [text for phone in row.phones for text in (phone.number, _digits(phone.as_written))]
    others = [each.number for each in profile.identifiers]
    others += [value for value in profile.custom.values() if isinstance(value, str)]
    row.search_text = words(profile.name, profile.legal_name, *cities, profile.tax_id, row.number, *numbers, *others)
    row.name_key = words(profile.name)


def stored(value: Any) -> Any:
    """A value as a column takes it: parts become JSON."""
    if not isinstance(value, tuple):
        return value
    return [
        each if isinstance(each, int) else {name: _plain(inner) for name, inner in asdict(each).items()}
        for each in value
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdigit())


def profile_of(row: CustomerRow) -> Profile:
    """What a row says, as it was entered."""
    plain_fields = {each.name: getattr(row, each.name) for each in fields(Profile) if each.name not in LISTS}
    for name, kind in PARTS.items():
        plain_fields[name] = tuple(part_of(kind, each) for each in getattr(row, name) or ())
    return Profile(
        **plain_fields | {"delivery_weekdays": tuple(row.delivery_weekdays or ()), "custom": dict(row.custom or {})},
        addresses=tuple(
            Address(
                kind=each.kind,
                street=each.street,
                postal_code=each.postal_code,
                city=each.city,
                region=each.region,
                country=each.country,
            )
            for each in row.addresses
        ),
        phones=tuple(Phone(number=each.as_written, kind=each.kind) for each in row.phones),
        emails=tuple(Email(address=each.address, kind=each.kind) for each in row.emails),
    )
