"""How templates write amounts and dates: filters that every template may use."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2.sandbox import SandboxedEnvironment

from documents.word import sandbox

NARROW = "\u00a0"  # between groups of digits, where no line may end
MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "pl": [
        "stycznia",
        "lutego",
        "marca",
        "kwietnia",
        "maja",
        "czerwca",
        "lipca",
        "sierpnia",
        "września",
        "października",
        "listopada",
        "grudnia",
    ],
    "ro": [
        "ianuarie",
        "februarie",
        "martie",
        "aprilie",
        "mai",
        "iunie",
        "iulie",
        "august",
        "septembrie",
        "octombrie",
        "noiembrie",
        "decembrie",
    ],
    "ru": [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
}
POINTED = {"en"}  # languages that write 1,234.50


def environment(language: str) -> SandboxedEnvironment:
    """The sandbox with the filters `money`, `number` and `date`; nothing is written for a value that is missing."""
    made = sandbox()
    made.finalize = _shown
    filters: dict[str, Callable[..., Any]] = {
        "money": lambda value, currency="": money(value, language, currency),
        "number": lambda value, decimals=None: number(value, language, decimals),
        "date": lambda value, look="short": day(value, language, look),
    }
    made.filters.update(filters)
    return made


def _shown(value: Any) -> Any:
    return "" if value is None else value


def money(value: Any, language: str, currency: str = "") -> str:
    """1 234,50 PLN in Polish, 1,234.50 PLN in English; a text that is no number stays as it is."""
    return f"{number(value, language, 2)}{NARROW}{currency}" if currency else number(value, language, 2)


def number(value: Any, language: str, decimals: int | None = None) -> str:
    """With separators of the language, and so many decimals as are asked for or there are."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return "" if value is None else str(value)
    if decimals is None:
        text = f"{amount:,f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{amount:,.{min(max(decimals, 0), 12)}f}"
    if language in POINTED:
        return text
    return text.translate({ord(","): NARROW, ord("."): ","})


def day(value: Any, language: str, look: str = "short") -> str:
    """05.01.2026, or with `long` 5 stycznia 2026; a text that is no date stays as it is."""
    try:
        found = value if isinstance(value, date) else datetime.fromisoformat(str(value)).date()
    except ValueError:
        return "" if value is None else str(value)
    if look == "long":
        return f"{found.day} {MONTHS.get(language, MONTHS['en'])[found.month - 1]} {found.year}"
    return f"{found:%d/%m/%Y}" if language in POINTED else f"{found:%d.%m.%Y}"
