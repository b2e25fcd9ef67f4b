"""Numbers of firms in registers, checked by the rules of the registers: REGON, KRS, VAT, CUI, INN and their like."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from stdnum import get_cc_module, lei
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from core.records import dataclass
from crm import tax_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A kind of number: what it is called, whose it is (None: any country's), and how its check digit is made."""

    title: str
    country: str | None
    module: str | None
    digits: str
    said: str | None = None


REGISTERS: Mapping[str, Register] = {
    "nip": Register(
        title="NIP",
        country="PL",
        module="nip",
        digits="10 digits",
        said="weights 6, 5, 7, 2, 3, 4, 5, 6, 7, modulo 11",
    ),
    "regon": Register(
        title="REGON",
        country="PL",
        module="regon",
        digits="9 or 14 digits",
        said="weights 8, 9, 2, 3, 4, 5, 6, 7, modulo 11",
    ),
    "krs": Register(title="KRS", country="PL", module=None, digits="10 digits"),
    "vat": Register(
        title="VAT number",
        country=None,
        module="vat",
        digits="the country's two letters and its digits",
        said="the rule of its country",
    ),
    "cui": Register(
        title="CUI",
        country="RO",
        module="cui",
        digits="2 to 10 digits",
        said="weights 7, 5, 3, 2, 1, 7, 5, 3, 2, times 10, modulo 11",
    ),
    "onrc": Register(title="ONRC number", country="RO", module="onrc", digits="a form such as J40/1234/2012"),
    "inn": Register(
        title="INN",
        country="RU",
        module="inn",
        digits="10 or 12 digits",
        said="weights 2, 4, 10, 3, 5, 9, 4, 6, 8, modulo 11, modulo 10",
    ),
    "ogrn": Register(
        title="OGRN",
        country="RU",
        module="ogrn",
        digits="13 or 15 digits",
        said="the digits before it modulo 11 or 13, modulo 10",
    ),
    "kpp": Register(title="KPP", country="RU", module=None, digits="9 digits"),
    "edrpou": Register(
        title="EDRPOU", country="UA", module="edrpou", digits="8 digits", said="weights 1 to 7, modulo 11"
    ),
    "lei": Register(
        title="LEI", country=None, module="lei", digits="20 letters and digits", said="ISO 7064, MOD 97-10"
    ),
}
LENGTHS = {"krs": 10, "kpp": 9}


def normal(kind: str, written: str, country: str) -> str:
    """The number as its register writes it; what cannot be read stays as it is, for `fault` to tell."""
    squeezed = "".join(each for each in written.upper() if each.isalnum() or (kind == "onrc" and each == "/"))
    if kind == "vat" and squeezed[:2].isalpha():
        return squeezed
    if kind == "vat":
        return tax_ids.PREFIXES.get(country, country) + squeezed
    return squeezed.removeprefix(country) if kind in {"nip", "cui"} else squeezed


def fault(kind: str, number: str) -> str | None:
    """What is wrong with a normal number, as a sentence that names the rule; None when it may be right."""
    register = REGISTERS[kind]
    if kind in LENGTHS:
        right = len(number) == LENGTHS[kind] and number.isascii() and number.isdigit()
        return None if right else f"{register.title} has {register.digits}; {number} does not."
    if kind == "vat":
        return _vat_fault(number)
    assert register.module is not None
    module = lei if kind == "lei" else _module(register.country or "", register.module)
    return _told(module, register, number)


@lru_cache(maxsize=10_000)  # checks and the report of quality ask for the same number
def tax_fault(number: str, country: str) -> str | None:
    """What is wrong with a customer's tax number: by our own rules, else by those of its country's VAT register."""
    if country in tax_ids.RULES:
        return tax_ids.fault(number, country)
    kind = {"RO": "cui", "RU": "inn"}.get(country)
    return fault(kind, number) if kind else tax_ids.fault(number, country)


def _vat_fault(number: str) -> str | None:
    country = {"EL": "GR"}.get(number[:2], number[:2])
    if country in tax_ids.RULES:
        return tax_ids.fault(tax_ids.normal(number, country), country)
    module = _module(country, "vat")
    if module is None:
        return f"{number} is no VAT number: {number[:2]} is no country with VAT numbers that we know."
    return _told(module, REGISTERS["vat"], number)


@cache
def _module(country: str, name: str) -> Any:
    return get_cc_module(country.lower(), name)


def _told(module: Any, register: Register, number: str) -> str | None:
    try:
        module.validate(number)
    except InvalidChecksum:
        return f"{register.title} {number} is mistyped: its check digit does not fit the others ({register.said})."
    except (InvalidLength, InvalidFormat):
        return f"{register.title} has {register.digits}; {number} does not."
    except (InvalidComponent, ValidationError):
        return f"{register.title} {number} cannot exist: a part of it has no meaning."
    return None
