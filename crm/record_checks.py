"""Checks of a record against value lists and the firm's own fields, in the transaction that saves it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.checks import Findings
from crm.custom_fields import checked_values
from crm.dictionaries import check_codes
from crm.profiles import Profile
from storage.unit_of_work import UnitOfWork

CUSTOMER, CONTACT = "crm.customer", "crm.contact"
LISTED = ("business_profile", "industry", "company_category", "customer_kind", "value_class", "ad_source")


def check_profile(unit: UnitOfWork, profile: Profile, before: Profile | None) -> Profile:
    """The profile with its own fields in their stored form; what stood there before may be retired since.

    Raises `WrongFields`.
    """
    findings = Findings()
    codes = {f"/{name}": (name, str(getattr(profile, name))) for name in LISTED if getattr(profile, name)}
    kept = frozenset(at for at, (name, code) in codes.items() if before and getattr(before, name) == code)
    check_codes(unit, findings, {at: pair for at, pair in codes.items() if at not in kept})
    custom = check_custom(unit, CUSTOMER, profile.custom, before.custom if before else {}, findings)
    findings.refuse()
    return replace(profile, custom=custom)


def check_custom(
    unit: UnitOfWork, entity: str, given: Mapping[str, Any], before: Mapping[str, Any], findings: Findings
) -> dict[str, Any]:
    """The firm's own fields in their stored form; unchanged ones are not looked at again."""
    if before and dict(given) == dict(before):
        return dict(before)
    return checked_values(unit, entity, given, before, findings)
