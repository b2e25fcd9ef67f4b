"""Tax numbers: which digits they must have, country by country; each rule names the digit that it checks."""

from collections.abc import Callable
from functools import lru_cache

from core.records import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """How a country's number is written, and how its check digits follow from the rest.

    `complete` maps the digits before the check digits to the check digits, or to None where no number exists.
    """

    name: str
    length: int
    checks: int
    complete: Callable[[str], str | None]
    said: str


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _luhn(digits: str, *, double_first: bool) -> str:
    total = 0
    for index, digit in enumerate(digits):
        value = int(digit) * (2 if (index % 2 == 0) == double_first else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _poland(digits: str) -> str | None:
    rest = _weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
    return None if rest == 10 else str(rest)


def _germany(digits: str) -> str | None:
    product = 10  # ISO 7064, MOD 11,10
    for digit in digits:
        product = 2 * (((int(digit) + product) % 10) or 10) % 11
    return str((11 - product) % 10)


def _czechia(digits: str) -> str | None:
    rest = (11 - _weighted(digits, (8, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return {10: "0", 0: "1"}.get(rest, str(rest))


def _slovakia(digits: str) -> str | None:
    last = -int(digits + "0") % 11
    return None if last == 10 or digits[2] not in "23479" else str(last)


def _austria(digits: str) -> str | None:
    total = 0
    for index, digit in enumerate(digits):
        value = int(digit) * (2 if index % 2 else 1)
        total += value // 10 + value % 10
    return str((10 - (total + 4) % 10) % 10)


def _belgium(digits: str) -> str | None:
    return f"{97 - int(digits) % 97:02d}"


def _denmark(digits: str) -> str | None:
    rest = -_weighted(digits, (2, 7, 6, 5, 4, 3, 2)) % 11
    return None if rest == 10 else str(rest)


def _finland(digits: str) -> str | None:
    rest = -_weighted(digits, (7, 9, 10, 5, 8, 4, 2)) % 11
    return None if rest == 10 else str(rest)


def _hungary(digits: str) -> str | None:
    return str(-_weighted(digits, (9, 7, 3, 1, 9, 7, 3)) % 10)


def _italy(digits: str) -> str | None:
    return _luhn(digits, double_first=False)


def _lithuania(digits: str) -> str | None:
    rest = _weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8)) % 11
    if rest == 10:
        rest = _weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1)) % 11
    return None if digits[-1] != "1" else str(rest % 10)


def _portugal(digits: str) -> str | None:
    rest = -_weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return str(0 if rest == 10 else rest)


# Sources: the VIES description of VAT numbers by the European Commission, and the national rules that it rests on
RULES = {
    "AT": Rule("UID", 8, 1, _austria, "the sum of the digits, every second one doubled, plus 4"),
    "BE": Rule("BTW/TVA", 10, 2, _belgium, "97 minus the first eight digits modulo 97"),
    "CZ": Rule("DIČ", 8, 1, _czechia, "weights 8 to 2, modulo 11"),
    "DE": Rule("USt-IdNr.", 9, 1, _germany, "ISO 7064, MOD 11,10"),
    "DK": Rule("CVR", 8, 1, _denmark, "weights 2, 7, 6, 5, 4, 3, 2, modulo 11"),
    "FI": Rule("ALV", 8, 1, _finland, "weights 7, 9, 10, 5, 8, 4, 2, modulo 11"),
    "HU": Rule("ANUM", 8, 1, _hungary, "weights 9, 7, 3, 1, modulo 10"),
    "IT": Rule("P.IVA", 11, 1, _italy, "Luhn's rule"),
    "LT": Rule("PVM", 9, 1, _lithuania, "weights 1 to 8, modulo 11"),
    "PL": Rule("NIP", 10, 1, _poland, "weights 6, 5, 7, 2, 3, 4, 5, 6, 7, modulo 11"),
    "PT": Rule("NIF", 9, 1, _portugal, "weights 9 to 2, modulo 11"),
    "SK": Rule("IČ DPH", 10, 1, _slovakia, "the whole number is divisible by 11"),
}
PREFIXES = {"GR": "EL"}  # VIES writes Greece so
LETTERS = {"AT": "U"}  # stands in front of every number and says nothing


@lru_cache(maxsize=10_000)  # whoever looks a customer up asks again and again
def normal(text: str, country: str) -> str:
    """The number without spaces, dots, dashes and the country's own prefix, in upper case."""
    squeezed = "".join(character for character in text.upper() if character.isalnum())
    return squeezed.removeprefix(PREFIXES.get(country, country)).removeprefix(LETTERS.get(country, ""))


def fault(number: str, country: str) -> str | None:
    """What is wrong with a normal tax number, as a sentence that names the rule; None when it may be right.

    Countries without a rule here get their numbers accepted as they are.
    """
    rule = RULES.get(country)
    if rule is None:
        return None if 4 <= len(number) <= 32 else "A tax number has between 4 and 32 letters and digits."
    if len(number) != rule.length or not (number.isascii() and number.isdigit()):
        return f"{rule.name} has {rule.length} digits; {number} does not."
    body, given = number[: -rule.checks], number[-rule.checks :]
    right = rule.complete(body)
    if right is None:
        return f"{rule.name} {number} cannot exist: no check digit fits its first {len(body)} digits ({rule.said})."
    if right != given:
        place = "last digit" if rule.checks == 1 else f"last {rule.checks} digits"
        return f"{rule.name} {number} is mistyped: its {place} must be {right} ({rule.said})."
    return None
