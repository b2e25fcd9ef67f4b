"""The fields of the customer's form: in which section, of which kind, and how what people type is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from core.records import dataclass
from crm.company_numbers import REGISTERS
from crm.custom_fields import Field
from crm.errors import WrongFields
from crm.profile_parts import INCOTERMS, BankAccount, Identifier
from crm.profiles import ABC, ADDRESS_KINDS, EMAIL_KINDS, PHONE_KINDS, RELIABILITY, Address, Email, Phone

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Input:
    """One field: `kind` is text, long, date, amount, whole, flag, code (of `choices`) or listed (in a value list)."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one title; `right` is what it takes to see them."""

    title: str
    inputs: tuple[Input, ...]
    right: str = ""


SECTIONS = (
    Section(
        "Firm",
        (
            Input("name", "Name", is_required=True),
            Input("legal_name", "Full legal name"),
            Input("country", "Country, two letters", is_required=True),
            Input("tax_id", "Tax number"),
            Input("website", "Web site"),
            Input("founded_on", "Founded on", "date"),
            Input("parent_id", "Belongs to, number of a customer", "customer"),
            Input("external_reference", "Number in another system"),
        ),
    ),
    Section(
        "What kind of customer",
        (
            Input("customer_kind", "Kind", "listed"),
            Input("business_profile", "Business profile", "listed"),
            Input("industry", "Industry", "listed"),
            Input("company_category", "Size", "listed"),
            Input("value_class", "Value", "listed"),
            Input("abc_class", "Class", "code", ABC),
            Input("reliability", "Reliability", "code", RELIABILITY, is_required=True),
            Input("region", "Region"),
            Input("ad_source", "Heard of us by", "listed"),
            Input("owner", "Looked after by"),
            Input("owner_team", "Team"),
            Input("key_account", "Key account", "flag"),
        ),
    ),
    Section(
        "How they are served",
        (
            Input("needs", "Needs and preferences", "long"),
            Input("incoterm", "Incoterm", "code", INCOTERMS),
            Input("carrier", "Carrier"),
            Input("lead_days", "Working days to delivery", "whole"),
            Input("least_order", "Smallest order", "amount"),
            Input("largest_order", "Largest order", "amount"),
            Input("largest_weight", "Largest weight in kg", "amount"),
            Input("delivery_weekdays", "Delivery days", "weekdays"),
            Input("no_sms", "Never send SMS", "flag"),
        ),
    ),
    Section(
        "Money",
        (
            Input("currency", "Currency, three letters", is_required=True),
            Input("credit_limit", "Credit limit", "amount"),
            Input("payment_days", "Payment days at most", "whole"),
            Input("grace_days", "Days of grace before reminders", "whole"),
        ),
        right="customer.finance",
    ),
)
LISTED = tuple(each.name for section in SECTIONS for each in section.inputs if each.kind == "listed")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list of parts."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """A list of parts: rows of columns; `needed` is the column without which a row is none."""

    title: str
    record: type[Any]
    columns: tuple[Column, ...]
    needed: str
    right: str = ""


PARTS: Mapping[str, Parts] = {
    "addresses": Parts(
        "Addresses",
        Address,
        (
            Column("kind", "Kind", "code", ADDRESS_KINDS),
            Column("street", "Street"),
            Column("postal_code", "Postal code"),
            Column("city", "City"),
            Column("country", "Country"),
        ),
        "street",
    ),
    "phones": Parts(
        "Phones", Phone, (Column("kind", "Kind", "code", PHONE_KINDS), Column("number", "Number")), "number"
    ),
    "emails": Parts(
        "E-mail", Email, (Column("kind", "Kind", "code", EMAIL_KINDS), Column("address", "Address")), "address"
    ),
    "identifiers": Parts(
        "Register numbers",
        Identifier,
        (Column("kind", "Register", "code", tuple(REGISTERS)), Column("number", "Number")),
        "number",
    ),
    "bank_accounts": Parts(
        "Bank accounts",
        BankAccount,
        (
            Column("iban", "IBAN"),
            Column("currency", "Currency"),
            Column("is_default", "Usual one", "code", ("no", "yes")),
            Column("valid_from", "From", "date"),
            Column("valid_until", "Until", "date"),
        ),
        "iban",
        right="customer.finance",
    ),
}


def read_form(form: MultiDict[str, str], may: Callable[[str], bool], own: list[Field]) -> dict[str, Any]:
    """What was typed, by the names of a profile; sections without the right are left out. Raises `WrongFields`."""
    faults: dict[str, str] = {}
    found: dict[str, Any] = {}
    for section in SECTIONS:
        if section.right and not may(section.right):
            continue
        for each in section.inputs:
            found[each.name] = _read(each, form, faults)
    for name, parts in PARTS.items():
        if not parts.right or may(parts.right):
            found[name] = _rows(name, parts, form, faults)
    found["custom"] = read_own(form, own)
    if faults:
        raise WrongFields(faults)
    return found


def read_inputs(inputs: Iterable[Input], form: MultiDict[str, str]) -> dict[str, Any]:
    """Some fields as they were typed. Raises `WrongFields`."""
    faults: dict[str, str] = {}
    found = {each.name: _read(each, form, faults) for each in inputs}
    if faults:
        raise WrongFields(faults)
    return found


def read_own(form: MultiDict[str, str], own: list[Field]) -> dict[str, Any]:
    """The firm's own fields as they were typed; the command checks them."""
    found: dict[str, Any] = {}
    for each in own:
        name = f"custom.{each.key}"
        if each.type == "choices":
            found[each.key] = form.getlist(name)
        elif each.type == "yes_no":
            found[each.key] = {"yes": True, "no": False}.get(form.get(name, ""))
        elif each.type in ("whole", "decimal"):
            found[each.key] = _plain_number(form.get(name, "")) or None
        else:
            found[each.key] = form.get(name, "").strip() or None
    return {key: value for key, value in found.items() if value not in (None, [])}


def _read(each: Input, form: MultiDict[str, str], faults: dict[str, str]) -> Any:
    text = form.get(each.name, "").strip()
    match each.kind:
        case "flag":
            return each.name in form
        case "weekdays":
            return tuple(int(day) for day in form.getlist(each.name) if day in "1234567")
        case "date":
            return _day(text, f"/{each.name}", each.label, faults)
        case "amount":
            return _number(text, f"/{each.name}", each.label, faults)
        case "whole":
            number = _number(text, f"/{each.name}", each.label, faults)
            if number is not None and number != number.to_integral_value():
                faults[f"/{each.name}"] = f"{each.label} must be a whole number."
            return (0 if each.name == "grace_days" else None) if number is None else int(number)
    return text or (None if not each.is_required else "")


def _rows(name: str, parts: Parts, form: MultiDict[str, str], faults: dict[str, str]) -> tuple[Any, ...]:
    columns = [form.getlist(f"{name}.{column.name}") for column in parts.columns]
    found: list[Any] = []
    for texts in zip(*columns, strict=False):
        row = {column.name: text.strip() for column, text in zip(parts.columns, texts, strict=True)}
        if not row[parts.needed]:
            continue  # an emptied row is one that was taken away
        at = f"/{name}/{len(found)}"
        values: dict[str, Any] = dict(row)
        for column in parts.columns:
            if column.kind == "date":
                values[column.name] = _day(row[column.name], f"{at}/{column.name}", column.label, faults)
        if "is_default" in values:
            values["is_default"] = values["is_default"] == "yes"
        found.append(parts.record(**values))
    return tuple(found)


def _day(text: str, at: str, label: str, faults: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        faults[at] = f"{label}: {text} is no day. Write it as 2026-01-31."
    return None


def _number(text: str, at: str, label: str, faults: dict[str, str]) -> Decimal | None:
    if not text:
        return None
    try:
        number = Decimal(_plain_number(text))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        faults[at] = f"{label}: {text} is no number. Write it as 1250.50."
        return None
    return number


def _plain_number(text: str) -> str:
    """Both 1,250.50 and 1 250,50 are understood."""
    plain = "".join(text.split())
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
    return plain
