"""Cells as values: numbers, days, yes and no, countries and values of lists, as people in four languages write them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm.checks import Findings
from crm.company import company
from crm.custom_fields import Field, fields_of
from crm.dictionary_models import DictionaryValueRow
from crm.erp.masters import mastered
from crm.imports.fields import CUSTOM, Target, targets
from crm.imports.reading import Row, unsafe
from crm.reach import words
from storage.unit_of_work import UnitOfWork

YES = frozenset(["1", "y", "yes", "true", "t", "tak", "da", "да", "x", "ja", "on", "wahr"])
NO = frozenset(["0", "n", "no", "false", "f", "nie", "nu", "нет", "nein", "off"])
EMPTY_DAYS = frozenset({"0/0/00", "0.0.00", "00.00.0000", "0000-00-00"})  # as Outlook writes no birthday
LANGUAGES = ("en", "pl", "ro", "ru")
MORE_COUNTRIES = {
    "uk": "GB",
    "usa": "US",
    "great britain": "GB",
    "czechy": "CZ",
    "czechia": "CZ",
    "germania": "DE",
    "polonia": "PL",
    "franta": "FR",
    "ungaria": "HU",
    "spania": "ES",
    "cehia": "CZ",
    "slovacia": "SK",
    "ucraina": "UA",
    "regatul unit": "GB",
    "statele unite": "US",
    "elvetia": "CH",
    "olanda": "NL",
    "tarile de jos": "NL",
    "belgia": "BE",
}
ENTITIES = {"customers": "crm.customer", "contacts": "crm.contact"}


@dataclass(slots=True)
class Draft:
    """A row with its values by field; `faults` says what of it cannot be read."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)


@dataclass(slots=True, kw_only=True)
class Reader:
    """What reading the rows of a batch needs; asked for once."""

    columns: Sequence[str | None]
    days: str  # ymd, dmy or mdy
    known: Mapping[str, Target]
    lists: Mapping[str, Mapping[str, str]]  # list to what is written (folded) to code
    own: Mapping[str, Field]
    zone: ZoneInfo
    mastered: frozenset[str] = frozenset()  # fields that the ERP keeps

    def read(self, row: Row) -> Draft:
        """The values of a row; empty cells say nothing."""
        draft = Draft(row)
        for name, cell in zip(self.columns, row.cells, strict=False):
            text = unsafe(cell.strip())
            if name is None or not text or name not in self.known:
                continue
            target = self.known[name]
            form, _, detail = target.form.partition(":")
            if form == "text":
                draft.values[name] = text
                continue
            value = _FORMS[form](self, text, detail)
            if value is None and text not in EMPTY_DAYS:
                draft.findings.add(f"/{name}", f"{target.title}: {_WRONG[form].format(text=text[:60], list=detail)}")
            elif value is not None:
                draft.values[name] = value
        return draft


def reader(unit: UnitOfWork, kind: str, columns: Sequence[str | None], days: str) -> Reader:
    """A reader for the rows of an arrangement."""
    own = fields_of(unit, ENTITIES[kind], all_of_them=True) if kind in ENTITIES else []
    known = {each.name: each for each in targets(kind, [each for each in own if not each.is_retired])}
    used = {known[name].form.partition(":")[2] for name in columns if name in known and ":" in known[name].form}
    used |= {each.dictionary for each in own if each.dictionary and f"{CUSTOM}{each.key}" in columns}
    return Reader(
        columns=columns,
        days=days,
        known=known,
        lists=_lists(unit, used),
        own={each.key: each for each in own},
        zone=ZoneInfo(company(unit).time_zone),
        mastered=frozenset(mastered(unit, ENTITIES[kind])) if kind in ENTITIES else frozenset(),
    )


def own_values(draft: Draft) -> dict[str, Any]:
    """The values of the firm's own fields by key."""
    return {name.removeprefix(CUSTOM): value for name, value in draft.values.items() if name.startswith(CUSTOM)}


def _lists(unit: UnitOfWork, keys: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {key: {} for key in keys}
    wanted = select(DictionaryValueRow).where(
        DictionaryValueRow.dictionary.in_(sorted(keys)), DictionaryValueRow.is_retired.is_(False)
    )
    for row in unit.session.scalars(wanted.order_by(DictionaryValueRow.position)) if keys else ():
        for said in (row.code, *row.labels.values()):
            found[row.dictionary].setdefault(words(said), row.code)
    return found


def number(text: str) -> Decimal | None:
    """A number as it is written here or there: `1 234,50`, `1.234,50`, `1,234.50`."""
    squeezed = "".join(each for each in text if not each.isspace() and each not in "'’\u202f")
    if "," in squeezed and "." in squeezed:
        thousands = "," if squeezed.rfind(".") > squeezed.rfind(",") else "."
        squeezed = squeezed.replace(thousands, "")
    squeezed = squeezed.replace(",", ".")
    try:
        found = Decimal(squeezed)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def day(text: str, order: str) -> date | None:
    """A day as `2026-01-31`, `31.01.2026`, `31/1/26`, or `1/31/2026` where the month stands first."""
    parts = text.split(" ", maxsplit=1)[0].replace(".", "-").replace("/", "-").strip("-").split("-")
    if len(parts) != 3 or not all(each.isascii() and each.isdigit() for each in parts):
        return None
    first, second, third = (int(each) for each in parts)
    if len(parts[0]) == 4:
        year, month, of_month = first, second, third
    else:
        of_month, month = (second, first) if order == "mdy" else (first, second)
        year = third + (0 if third > 99 else 2000 if third < 50 else 1900)
    try:
        return date(year, month, of_month)
    except ValueError:
        return None


def country(text: str) -> str | None:
    """The code of a country that is written as a code or by its name in one of our languages."""
    if len(text) == 2 and text.isascii() and text.isalpha():
        return text.upper()
    return _countries().get(words(text))


def day_order(samples: Sequence[str]) -> str:
    """`mdy` where some day of the samples can only be read so."""
    for each in samples:
        parts = each.split(" ")[0].split("/")
        if len(parts) == 3 and all(part.isdigit() for part in parts) and int(parts[0]) <= 12 < int(parts[1]):
            return "mdy"
    return "dmy"


@cache
def _countries() -> dict[str, str]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # brings the names of all places: half a second, 100 MB

    found = {
        words(name): code for code, names in LOCALE_DATA.items() for lang, name in names.items() if lang in LANGUAGES
    }
    return found | MORE_COUNTRIES


def _decimal(_reader: Reader, text: str, _detail: str) -> Any:
    return number(text)


def _whole(_reader: Reader, text: str, _detail: str) -> Any:
    found = number(text)
    return int(found) if found is not None and found == found.to_integral_value() else None


def _day(reader: Reader, text: str, _detail: str) -> Any:
    return day(text, reader.days)


def _birthday(reader: Reader, text: str, _detail: str) -> Any:
    if text.startswith("--"):
        return text
    found = day(text, reader.days)
    return found.isoformat() if found else None


def _moment(reader: Reader, text: str, _detail: str) -> Any:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        on, _, at = text.partition(" ")
        found_day = day(on, reader.days)
        try:
            clock = time.fromisoformat(at.strip().zfill(5)) if at else time(12)
        except ValueError:
            return None
        if found_day is None:
            return None
        found = datetime.combine(found_day, clock)
    return found if found.tzinfo else found.replace(tzinfo=reader.zone)


def _yes_no(_reader: Reader, text: str, _detail: str) -> Any:
    said = words(text)
    return True if said in YES else False if said in NO else None


def _country(_reader: Reader, text: str, _detail: str) -> Any:
    return country(text)


def _of_list(reader: Reader, text: str, detail: str) -> Any:
    return reader.lists.get(detail, {}).get(words(text))


def _of_lists(reader: Reader, text: str, detail: str) -> Any:
    found = tuple(_of_list(reader, each.strip(), detail) for each in text.replace(",", ";").split(";") if each.strip())
    return None if None in found else found


def _own(reader: Reader, text: str, key: str) -> Any:
    each = reader.own[key]
    match each.type:
        case "whole" | "decimal":
            found = number(text)
            return text if found is None else found  # the check of the field says what is wrong
        case "yes_no":
            return _yes_no(reader, text, "")
        case "date":
            return _day(reader, text, "")
        case "choice":
            return _of_list(reader, text, each.dictionary or "")
        case "choices":
            return _of_lists(reader, text, each.dictionary or "")
        case _:
            return text


_FORMS: Mapping[str, Callable[[Reader, str, str], Any]] = {
    "decimal": _decimal,
    "whole": _whole,
    "day": _day,
    "birthday": _birthday,
    "moment": _moment,
    "yes_no": _yes_no,
    "country": _country,
    "list": _of_list,
    "lists": _of_lists,
    "own": _own,
}
_WRONG = {
    "decimal": "{text} is no number.",
    "whole": "{text} is no whole number.",
    "day": "{text} is no day. Write 2026-01-31 or 31.01.2026.",
    "birthday": "{text} is no day. Write 1980-05-31, or --05-31 without the year.",
    "moment": "{text} is no time. Write 2026-01-31 10:00.",
    "yes_no": "{text} is neither yes nor no.",
    "country": "{text} is no country that is known. Write its code, such as PL.",
    "list": "the list {list} has no value {text}. Choose another one, or have it added.",
    "lists": "the list {list} has not all values of {text}.",
    "own": "{text} is no value of this field.",
}
