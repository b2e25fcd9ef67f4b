"""What the API takes and gives of customers, field by field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from crm.profile_parts import BankAccount, Identifier
from crm.profiles import Address, Email, Phone
from webapp.api.routing import Body


class AddressBody(Body):
    """A postal address of a kind: registered, billing, delivery, correspondence."""

    kind: str = "registered"
    street: str
    postal_code: str = ""
    city: str
    region: str | None = None
    country: str


class PhoneBody(Body):
    """A phone number of a kind: office, mobile, fax, other."""

    number: str
    kind: str = "office"


class EmailBody(Body):
    """An e-mail address of a kind: office, billing, other."""

    address: str
    kind: str = "office"


class IdentifierBody(Body):
    """A number in a register: nip, regon, krs, vat, cui, onrc, inn, ogrn, kpp, edrpou, lei."""

    kind: str
    number: str


class BankAccountBody(Body):
    """An account; one of each currency may be the usual one."""

    iban: str
    currency: str = "PLN"
    is_default: bool = False
    valid_from: date | None = None
    valid_until: date | None = None


class CustomerChanges(Body):
    """Fields of a customer; what is absent stays as it is, lists are replaced whole."""

    name: str = ""
    country: str = Field(default="", examples=["PL"])
    legal_name: str | None = None
    region: str | None = None
    tax_id: str | None = None
    currency: str = "PLN"
    credit_limit: Decimal | None = None
    payment_days: int | None = None
    reliability: str = "B"
    abc_class: str | None = None
    key_account: bool = False
    owner: str | None = None
    owner_team: str | None = None
    external_reference: str | None = None
    parent_id: str | None = None
    business_profile: str | None = None
    industry: str | None = None
    company_category: str | None = None
    customer_kind: str | None = None
    value_class: str | None = None
    ad_source: str | None = None
    website: str | None = None
    founded_on: date | None = None
    needs: str | None = None
    incoterm: str | None = None
    carrier: str | None = None
    least_order: Decimal | None = None
    largest_order: Decimal | None = None
    largest_weight: Decimal | None = None
    delivery_weekdays: list[int] = Field(default_factory=list, max_length=7)
    lead_days: int | None = None
    grace_days: int = 0
    no_sms: bool = False
    identifiers: list[IdentifierBody] = Field(default_factory=list, max_length=50)
    bank_accounts: list[BankAccountBody] = Field(default_factory=list, max_length=50)
    custom: dict[str, Any] = Field(default_factory=dict, max_length=200)
    addresses: list[AddressBody] = Field(default_factory=list, max_length=50)
    phones: list[PhoneBody] = Field(default_factory=list, max_length=50)
    emails: list[EmailBody] = Field(default_factory=list, max_length=50)
    expected_version: int | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, as the profile wants it."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"expected_version"}}
        for name in PARTS.keys() & sent.keys():
            sent[name] = tuple(PARTS[name](**each.model_dump()) for each in sent[name])
        if "delivery_weekdays" in sent:
            sent["delivery_weekdays"] = tuple(sent["delivery_weekdays"])
        return sent


PARTS: dict[str, type[Any]] = {
    "addresses": Address,
    "phones": Phone,
    "emails": Email,
    "identifiers": Identifier,
    "bank_accounts": BankAccount,
}


class CustomerBody(CustomerChanges):
    """A customer to enter."""

    name: str
    country: str = Field(examples=["PL"])


class ContactChanges(Body):
    """Fields of a person; what is absent stays as it is."""

    name: str = ""
    job_title: str | None = None
    role: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    birthday: str | None = Field(default=None, examples=["1980-05-31", "--05-31"])
    preferences: str | None = None
    interests: list[str] = Field(default_factory=list, max_length=100)
    family: str | None = None
    custom: dict[str, Any] = Field(default_factory=dict, max_length=200)
    is_active: bool = True
    expected_version: int | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, as the command wants it."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"expected_version"}}
        return sent | ({"interests": tuple(sent["interests"])} if "interests" in sent else {})


class ContactBody(ContactChanges):
    """A person to enter."""

    name: str


class ListQuery(Body):
    """Which ones."""

    q: str = ""
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)
