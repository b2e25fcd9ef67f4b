"""Which fields of many customers can be changed at once, whether the values can be right, and how they are kept."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crm.changes import told
from crm.customers import require_finance
from crm.errors import WrongFields
from crm.profiles import Profile, checked
from crm.record_checks import check_profile
from storage.unit_of_work import UnitOfWork

AMOUNTS = frozenset({"credit_limit", "least_order", "largest_order", "largest_weight"})
EDITABLE = (  # what says how customers are looked after and served; what tells one from another is changed one by one
    *("owner", "owner_team", "region", "customer_kind", "business_profile", "industry", "company_category"),
    *("value_class", "abc_class", "reliability", "key_account", "incoterm", "carrier", "lead_days", "least_order"),
    *("largest_order", "no_sms", "credit_limit", "payment_days", "grace_days", "custom"),
)


def checked_changes(unit: UnitOfWork, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as they are kept. Raises `WrongFields` for what would be refused for every customer, `Forbidden`."""
    if not changes:
        raise WrongFields({"/changes": "Choose a field that is to be changed."})
    unknown = sorted(changes.keys() - set(EDITABLE))
    if unknown:
        known = ", ".join(EDITABLE)
        raise WrongFields({f"/{name}": f"Only these are changed for many at once: {known}." for name in unknown})
    require_finance(unit, changes.keys())
    try:
        check_profile(unit, checked(replace(Profile(name="-", country="PL"), **changes)), None)
    except WrongFields as error:
        faults, own = error.details["fields"], changes.get("custom") or {}
        mine = {at: said for at, said in faults.items() if not at.startswith("/custom/") or at.split("/")[2] in own}
        if mine:
            raise WrongFields(mine) from error
    return {name: told(value) for name, value in changes.items()}


def values_of(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Kept changes as the command wants them."""
    return {
        name: Decimal(value) if name in AMOUNTS and value is not None else value
        for name, value in kept.items()
        if name != "custom"
    }


def own_after(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The firm's own fields of a customer with some of them changed; None empties one."""
    return {key: value for key, value in {**own, **given}.items() if value is not None}
