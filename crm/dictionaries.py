"""Value lists that a firm edits without a restart: added, renamed, ordered, retired; each with labels by language."""

import re
from collections.abc import Mapping

from sqlalchemy import Select, func, select, tuple_

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_settings
from crm.checks import Findings, checked_version, one_at_a_time
from crm.dictionary_events import DictionaryDefined, ValueRetired, ValuesOrdered, ValueWritten
from crm.dictionary_models import DictionaryRow, DictionaryValueRow
from crm.errors import DictionaryFixed, DictionaryNotFound, WrongFields
from storage.unit_of_work import Reading, UnitOfWork

ADMINISTER = "crm.administer"
LANGUAGES = ("pl", "en", "ro", "ru")
OFFERED = "dictionary:offered"  # in what a unit has found
CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
MOST = 1000  # values of one list


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineDictionary(Command):
    """Make a list, or give it other labels; `labels` maps pl, en, ro, ru to texts, one of them at least."""

    key: str
    labels: Mapping[str, str]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteValue(Command):
    """Add a value at the end of a list, or give it other labels."""

    dictionary: str
    code: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderValues(Command):
    """Put the values of a list into this order; those that are not named follow."""

    dictionary: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireValue(Command):
    """Offer a value no longer, or again; records keep it."""

    dictionary: str
    code: str
    is_retired: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a list."""

    code: str
    labels: dict[str, str]
    is_retired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """A list in its order; of a fixed one the codes stay, because processes rely on them."""

    key: str
    labels: dict[str, str]
    is_fixed: bool
    version: int
    values: list[Value]


@handles(DefineDictionary, needs=ADMINISTER)
def define_dictionary(command: DefineDictionary, unit: UnitOfWork) -> str:
    """Keep the list and return its key. Raises `WrongFields`, `ChangedMeanwhile`."""
    findings = Findings()
    key = checked_code(findings, "/key", command.key, "The key of a list")
    labels = checked_labels(findings, command.labels)
    findings.refuse()
    row = unit.session.get(DictionaryRow, key)
    if row is None:
        unit.session.add(DictionaryRow(key=key, labels=labels, is_fixed=False))
    else:
        checked_version(f"The list {key}", expected=command.expected_version, current=row.row_version)
        row.labels = labels
    unit.emit(DictionaryDefined(dictionary=key, labels=labels))
    return key


@handles(WriteValue, needs=ADMINISTER)
def write_value(command: WriteValue, unit: UnitOfWork) -> str:
    """Keep the value and return its code. Raises `DictionaryNotFound`, `DictionaryFixed`, `WrongFields`."""
    findings, code = Findings(), command.code
    labels = checked_labels(findings, command.labels)
    holder = _dictionary(unit, command.dictionary)
    row = unit.session.get(DictionaryValueRow, (holder.key, code))
    if row is None and not holder.is_fixed:
        checked_code(findings, "/code", code, "The code of a value")
    findings.refuse()
    if row is not None:
        row.labels = labels
    else:
        if holder.is_fixed:
            raise DictionaryFixed(holder.key)
        one_at_a_time(unit, f"dictionary:{holder.key}")
        mine = DictionaryValueRow.dictionary == holder.key
        count, last = unit.session.execute(
            select(func.count(), func.coalesce(func.max(DictionaryValueRow.position), 0)).where(mine)
        ).one()
        if count >= MOST:
            raise WrongFields({"/code": f"A list has {MOST} values at most."})
        unit.session.add(
            DictionaryValueRow(dictionary=holder.key, code=code, labels=labels, position=last + 1, is_retired=False)
        )
    unit.emit(ValueWritten(dictionary=holder.key, code=code, labels=labels))
    return code


@handles(OrderValues, needs=ADMINISTER)
def order_values(command: OrderValues, unit: UnitOfWork) -> None:
    """Keep the order. Raises `DictionaryNotFound`, `WrongFields` for a code that the list has not."""
    holder = _dictionary(unit, command.dictionary)
    one_at_a_time(unit, f"dictionary:{holder.key}")
    rows = {row.code: row for row in unit.session.scalars(_values_of(holder.key))}
    unknown = [code for code in command.codes if code not in rows]
    if unknown:
        raise WrongFields({"/codes": f"The list {holder.key} has no value {', '.join(unknown)}."})
    codes = list(dict.fromkeys((*command.codes, *rows)))
    for position, code in enumerate(codes, 1):
        rows[code].position = position
    unit.emit(ValuesOrdered(dictionary=holder.key, codes=codes))


@handles(RetireValue, needs=ADMINISTER)
def retire_value(command: RetireValue, unit: UnitOfWork) -> None:
    """Offer it no longer, or again. Raises `DictionaryNotFound`, `DictionaryFixed`."""
    holder = _dictionary(unit, command.dictionary)
    row = unit.session.get(DictionaryValueRow, (holder.key, command.code))
    if row is None:
        raise DictionaryNotFound(f"{holder.key}/{command.code}")
    if holder.is_fixed:
        raise DictionaryFixed(holder.key)
    row.is_retired = command.is_retired
    unit.emit(ValueRetired(dictionary=holder.key, code=row.code, is_retired=command.is_retired))


def dictionaries(view: Reading) -> list[Dictionary]:
    """All lists with their values, by key."""
    require_settings(view)
    values: dict[str, list[Value]] = {}
    ordered = select(DictionaryValueRow).order_by(DictionaryValueRow.dictionary, DictionaryValueRow.position)
    for row in view.session.scalars(ordered):
        values.setdefault(row.dictionary, []).append(_value(row))
    rows = view.session.scalars(select(DictionaryRow).order_by(DictionaryRow.key))
    return [_shown(row, values.get(row.key, [])) for row in rows]


def dictionary(view: Reading, key: str) -> Dictionary:
    """One list. Raises `DictionaryNotFound`."""
    require_settings(view)
    row = view.session.get(DictionaryRow, key)
    if row is None:
        raise DictionaryNotFound(key)
    return _shown(row, [_value(each) for each in view.session.scalars(_values_of(key))])


def label(labels: Mapping[str, str], language: str, code: str) -> str:
    """The text in a language, else in another one, else the code."""
    return next((labels[each] for each in (language, "en", *LANGUAGES) if labels.get(each)), code)


def check_codes(
    unit: UnitOfWork, findings: Findings, wanted: Mapping[str, tuple[str, str]], *, kept: frozenset[str] = frozenset()
) -> None:
    """Note a fault for every value that its list does not offer; `wanted` maps pointer to list and code.

    What stands at the pointers of `kept` was there before and may be retired. One statement, none for what was found
    before in this unit.
    """
    offered: set[tuple[str, str]] = unit.made.setdefault(OFFERED, set())  # found in this unit: the same in every row
    wanted = {pointer: pair for pointer, pair in wanted.items() if pair not in offered}
    if not wanted:
        return
    key = tuple_(DictionaryValueRow.dictionary, DictionaryValueRow.code)
    rows = unit.session.execute(
        select(DictionaryValueRow.dictionary, DictionaryValueRow.code, DictionaryValueRow.is_retired).where(
            key.in_(sorted(set(wanted.values())))
        )
    )
    known = {(holder, code): is_retired for holder, code, is_retired in rows}
    offered.update(pair for pair, is_retired in known.items() if not is_retired)
    for pointer, pair in wanted.items():
        if pair not in known:
            findings.add(pointer, f"The list {pair[0]} has no value {pair[1]}. Choose another one, or have it added.")
        elif known[pair] and pointer not in kept:
            findings.add(pointer, f"{pair[1]} of the list {pair[0]} is retired. Choose another value.")


def checked_code(findings: Findings, pointer: str, given: str, what: str) -> str:
    """A code of small letters, digits and underscores."""
    text = findings.text(pointer, given, what, longest=64)
    if text and not CODE.fullmatch(text):
        findings.add(pointer, f"{what} has small letters, digits and underscores only, and begins with a letter.")
    return text


def checked_labels(findings: Findings, given: Mapping[str, str]) -> dict[str, str]:
    """Labels by language, one at least."""
    for language in given.keys() - set(LANGUAGES):
        findings.add(f"/labels/{language}", f"Labels are in {', '.join(LANGUAGES)}.")
    found = {
        language: text
        for language in LANGUAGES
        if (text := findings.optional(f"/labels/{language}", given.get(language), "The label", longest=100))
    }
    if not found:
        findings.add("/labels", "A label is missing: write it in one language at least.")
    return found


def _dictionary(unit: UnitOfWork, key: str) -> DictionaryRow:
    row = unit.session.get(DictionaryRow, key)
    if row is None:
        raise DictionaryNotFound(key)
    return row


def _values_of(key: str) -> Select[DictionaryValueRow]:
    mine = DictionaryValueRow.dictionary == key
    return select(DictionaryValueRow).where(mine).order_by(DictionaryValueRow.position, DictionaryValueRow.code)


def _value(row: DictionaryValueRow) -> Value:
    return Value(code=row.code, labels=row.labels, is_retired=row.is_retired)


def _shown(row: DictionaryRow, values: list[Value]) -> Dictionary:
    return Dictionary(key=row.key, labels=row.labels, is_fixed=row.is_fixed, version=row.row_version, values=values)
