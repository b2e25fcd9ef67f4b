"""Parts of what is entered about a customer that are kept as lists: numbers in registers, bank accounts."""

from datetime import date
from typing import Any

from schwifty import IBAN
from schwifty.exceptions import InvalidChecksumDigits, InvalidCountryCode, InvalidLength, SchwiftyException

from core.records import dataclass
from crm import company_numbers
from crm.checks import Findings

INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP")  # Incoterms 2020


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number in a register: nip, regon, krs, vat, cui, onrc, inn, ogrn, kpp, edrpou, lei."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """An account to pay to or from; one of each currency may be the usual one."""

    iban: str
    currency: str = "PLN"
    is_default: bool = False
    valid_from: date | None = None
    valid_until: date | None = None


def checked_identifier(findings: Findings, index: int, given: Identifier, country: str) -> Identifier:
    """The number in its register's form."""
    at = f"/identifiers/{index}"
    kind = findings.choice(f"{at}/kind", given.kind, "The kind of a number", tuple(company_numbers.REGISTERS))
    text = findings.text(f"{at}/number", given.number, "The number", longest=40)
    if kind not in company_numbers.REGISTERS or not text:
        return given
    number = company_numbers.normal(kind, text, country)
    wrong = company_numbers.fault(kind, number)
    if wrong:
        findings.add(f"{at}/number", wrong)
    return Identifier(kind=kind, number=number)


def checked_accounts(findings: Findings, given: tuple[BankAccount, ...]) -> tuple[BankAccount, ...]:
    """The accounts with compact IBANs; each IBAN once, and one usual account of each currency."""
    normal = tuple(_account(findings, index, each) for index, each in enumerate(given))
    seen: set[str] = set()
    usual: dict[str, str] = {}
    for index, each in enumerate(normal):
        if each.iban in seen:
            findings.add(f"/bank_accounts/{index}/iban", f"The account {each.iban} stands there twice.")
        seen.add(each.iban)
        if each.is_default and each.currency in usual:
            findings.add(
                f"/bank_accounts/{index}/is_default",
                f"Only one account in {each.currency} can be the usual one; {usual[each.currency]} is it already.",
            )
        elif each.is_default:
            usual[each.currency] = each.iban
    return normal


def _account(findings: Findings, index: int, given: BankAccount) -> BankAccount:
    at = f"/bank_accounts/{index}"
    text = findings.text(f"{at}/iban", given.iban, "The account number", longest=60)
    iban, wrong = read_iban(text)
    if text and wrong:
        findings.add(f"{at}/iban", wrong)
    starts, ends = given.valid_from, given.valid_until
    if starts and ends and ends < starts:
        findings.add(f"{at}/valid_until", "An account cannot end before it begins.")
    currency = findings.code(f"{at}/currency", given.currency, "The currency of an account", 3)
    return BankAccount(iban=iban, currency=currency, is_default=given.is_default, valid_from=starts, valid_until=ends)


def read_iban(text: str) -> tuple[str, str | None]:
    """The compact IBAN, and what is wrong with it as a sentence, None when it may be right."""
    compact = "".join(each for each in text.upper() if each.isalnum())
    try:
        IBAN(compact)
    except InvalidChecksumDigits:
        return compact, f"{compact} is mistyped: its check digits (positions 3 and 4) do not fit (ISO 7064, MOD 97-10)."
    except InvalidCountryCode:
        return compact, f"{compact} is no IBAN: {compact[:2]} is no country with IBANs."
    except InvalidLength:
        return compact, f"{compact} is no IBAN: {compact[:2]} has IBANs of another length."
    except SchwiftyException:
        return compact, f"{compact or text} is no IBAN. Write two letters, two digits and the account number."
    return compact, None


def part_of(kind: type[Any], stored: dict[str, Any]) -> Any:
    """A part as it stands in the table; days are ISO texts there."""
    days = {name: date.fromisoformat(stored[name]) for name in ("valid_from", "valid_until") if stored.get(name)}
    return kind(**stored | days)
