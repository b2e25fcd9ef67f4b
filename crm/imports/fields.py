"""The fields that columns of a file can mean, and which one a column's head sounds like."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from core.records import dataclass
from crm.custom_fields import Field as CustomField
from crm.imports.heads import HEADS, OUTLOOK
from crm.reach import words

KINDS = ("customers", "contacts", "products", "activities")
RIGHTS = {
    "customers": "customer.edit",
    "contacts": "customer.edit",
    "products": "offer.edit",
    "activities": "activity.edit",
}
CUSTOM = "custom."  # before the key of a firm's own field


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A field that a column can mean; `form` says how its cells are read: text, decimal, day, list:industry, …."""

    name: str
    title: str
    form: str = "text"
    is_key: bool = False


def _targets(*told: str) -> tuple[Target, ...]:
    found = []
    for each in told:
        name, title, *more = each.split("|")
        found.append(Target(name=name, title=title, form=(more or ["text"])[0], is_key=more[1:] == ["key"]))
    return tuple(found)


TARGETS: Mapping[str, tuple[Target, ...]] = {
    "customers": _targets(
        "number|Own number|text|key",
        "external_reference|Number in the other system|text|key",
        "tax_id|Tax number|text|key",
        "email|E-mail|text|key",
        "name|Name",
        "legal_name|Legal name",
        "country|Country|country",
        "street|Street",
        "postal_code|Postal code",
        "city|City",
        "region|Region",
        "delivery.street|Delivery: street",
        "delivery.postal_code|Delivery: postal code",
        "delivery.city|Delivery: city",
        "phone|Phone",
        "mobile|Mobile",
        "fax|Fax",
        "billing_email|E-mail for invoices",
        "website|Web site",
        "iban|Bank account (IBAN)",
        "currency|Currency",
        "credit_limit|Credit limit|decimal",
        "payment_days|Payment term in days|whole",
        "reliability|Reliability",
        "abc_class|ABC class",
        "key_account|Key account|yes_no",
        "owner|Who looks after them",
        "owner_team|Team",
        "regon|REGON",
        "krs|KRS",
        "business_profile|Profile|list:business_profile",
        "industry|Industry|list:industry",
        "company_category|Category|list:company_category",
        "customer_kind|Kind|list:customer_kind",
        "value_class|Value class|list:value_class",
        "ad_source|Advertising source|list:ad_source",
        "founded_on|Founded on|day",
        "needs|Needs",
        "incoterm|Incoterm",
        "carrier|Carrier",
        "least_order|Smallest order|decimal",
        "largest_order|Largest order|decimal",
        "lead_days|Lead time in days|whole",
        "grace_days|Days of grace|whole",
        "no_sms|No SMS|yes_no",
        "block_reason|Blocked, because",
    ),
    "contacts": _targets(
        "external_reference|Number in the other system|text|key",
        "email|E-mail|text|key",
        "name|Name",
        "title|Title before the name",
        "first_name|First name",
        "middle_name|Middle name",
        "last_name|Last name",
        "company|Customer: name",
        "customer.number|Customer: own number",
        "customer.external_reference|Customer: number in the other system",
        "customer.tax_id|Customer: tax number",
        "customer.street|Customer: street",
        "customer.postal_code|Customer: postal code",
        "customer.city|Customer: city",
        "customer.country|Customer: country|country",
        "customer.website|Customer: web site",
        "job_title|Job title",
        "role|Role|list:contact_role",
        "phone|Phone",
        "mobile|Mobile",
        "birthday|Birthday|birthday",
        "preferences|Preferences",
        "interests|Interests|lists:interest",
        "family|Family",
        "photo|Photo",
    ),
    "products": _targets(
        "sku|Article number|text|key",
        "external_reference|Number in the other system|text|key",
        "name|Name",
        "category|Category",
        "unit|Unit",
        "price|Price|decimal",
        "currency|Currency",
        "vat_rate|VAT rate|decimal",
        "cost|Cost|decimal",
        "is_active|Is sold|yes_no",
    ),
    "activities": _targets(
        "key|Number in the other system|text|key",
        "customer.number|Customer: own number",
        "customer.external_reference|Customer: number in the other system",
        "customer.tax_id|Customer: tax number",
        "company|Customer: name",
        "contact.name|Person: name",
        "contact.email|Person: e-mail",
        "employee|Employee",
        "method|Method|list:activity_method",
        "direction|Direction",
        "type|Type|list:activity_type",
        "priority|Priority",
        "status|Status",
        "state|State",
        "subject|Subject",
        "note|Note",
        "planned_from|Planned from|moment",
        "planned_to|Planned to|moment",
        "held_from|Held from|moment",
        "minutes|Duration in minutes|whole",
    ),
}


def targets(kind: str, own: Sequence[CustomField] = ()) -> tuple[Target, ...]:
    """The fields of a kind of record, the firm's own ones last."""
    return (
        *TARGETS[kind],
        *(
            Target(name=f"{CUSTOM}{each.key}", title=next(iter(each.labels.values()), each.key), form=f"own:{each.key}")
            for each in own
        ),
    )


def guess_columns(kind: str, head: Sequence[str], own: Sequence[CustomField] = ()) -> list[str | None]:
    """The field that each column means, as its head sounds; no field twice, None where nobody can tell."""
    known = {words(label): f"{CUSTOM}{each.key}" for each in own for label in (each.key, *each.labels.values())}
    known |= _heads(kind)
    found: list[str | None] = []
    for each in head:
        name = known.get(words(each))
        found.append(name if name not in found else None)
    return _post_codes(found)


def _post_codes(found: list[str | None]) -> list[str | None]:
    """A code between street and city is of the post: as a number to find records by it would make many one."""
    for at, name in enumerate(found):
        beside = {*found[max(at - 1, 0) : at], *found[at + 1 : at + 2]}
        if name == "external_reference" and beside & {"street", "city"} and "postal_code" not in found:
            found[at] = "postal_code"
    return found


def needed(kind: str, columns: Iterable[str | None]) -> str | None:
    """What is missing for records to be found or made, as a sentence."""
    chosen = set(columns)
    if kind == "contacts" and not chosen & {"name", "last_name", "first_name"}:
        return "Say which column holds the name of the person."
    if kind == "activities" and not {"subject", "method"} <= chosen:
        return "Say which columns hold the subject and the method of the activity."
    keys = {each.name for each in TARGETS[kind] if each.is_key}
    if kind in {"customers", "products"} and not chosen & (keys | {"name"}):
        return "Say which column holds the name, or a number by which the record is found."
    return None


@cache
def _heads(kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target in TARGETS[kind]:
        for said in (target.name, target.title, *HEADS.get(kind, {}).get(target.name, "").split("|")):
            if words(said):
                found.setdefault(words(said), target.name)
    if kind == "contacts":
        for name, said in OUTLOOK.items():
            for each in said.split("|"):
                found.setdefault(words(each), name)
    return found
