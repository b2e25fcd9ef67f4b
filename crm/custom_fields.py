"""Fields that a firm adds to customers and contacts: typed, checked, searchable, ready for forms and decisions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_settings
from crm.checks import Findings, checked_version, one_at_a_time
from crm.dictionaries import ADMINISTER, check_codes, checked_code, checked_labels
from crm.dictionary_events import FieldDefined
from crm.dictionary_models import CustomFieldRow, DictionaryRow
from crm.errors import WrongFields
from crm.reach import is_email, is_web_address
from storage.unit_of_work import Reading, UnitOfWork

DEFINED = "custom_fields"  # in what a unit has found

ENTITIES = ("crm.customer", "crm.contact")
TYPES = ("text", "long_text", "whole", "decimal", "yes_no", "date", "choice", "choices", "email", "link")
NUMBERS, CHOICES = ("whole", "decimal"), ("choice", "choices")
MOST = 100  # fields of one kind of record


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineField(Command):
    """Add a field to a kind of record, or change it; its type is for ever, because records have values of it.

    `minimum` and `maximum` bound numbers, and the length of texts.
    """

    entity: str
    key: str
    labels: Mapping[str, str]
    type: str
    dictionary: str | None = None
    help: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    is_required: bool = False
    is_searchable: bool = False
    is_retired: bool = False
    position: int | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a firm's own."""

    id: str
    entity: str
    key: str
    labels: dict[str, str]
    type: str
    dictionary: str | None
    help: str | None
    minimum: Decimal | None
    maximum: Decimal | None
    is_required: bool
    is_searchable: bool
    is_retired: bool
    position: int
    version: int


@dataclass(frozen=True, slots=True)
class _Checking:
    """What the checks of one record share."""

    findings: Findings
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)


@handles(DefineField, needs=ADMINISTER)
def define_field(command: DefineField, unit: UnitOfWork) -> str:
    """Keep the field and return its id. Raises `WrongFields`, `ChangedMeanwhile`."""
    findings = Findings()
    findings.choice("/entity", command.entity, "The kind of record", ENTITIES)
    findings.choice("/type", command.type, "The type", TYPES)
    key = checked_code(findings, "/key", command.key, "The key of a field")
    labels = checked_labels(findings, command.labels)
    told = findings.optional("/help", command.help, "The explanation", longest=300)
    if (command.type in CHOICES) != (command.dictionary is not None):
        findings.add("/dictionary", "A field to choose from needs a list, and only such a field.")
    if command.dictionary and unit.session.get(DictionaryRow, command.dictionary) is None:
        findings.add("/dictionary", f"There is no list {command.dictionary}.")
    if None not in (command.minimum, command.maximum) and command.minimum > command.maximum:  # type: ignore[operator]  # both are numbers here
        findings.add("/maximum", "The maximum must not be smaller than the minimum.")
    findings.refuse()
    one_at_a_time(unit, f"fields:{command.entity}")
    same = (CustomFieldRow.entity == command.entity) & (CustomFieldRow.key == key)
    row = unit.session.scalars(select(CustomFieldRow).where(same)).first()
    if row is None:
        row = CustomFieldRow(id=new_id(), entity=command.entity, key=key, type=command.type)
        row.position = _next_position(unit, command.entity)
        unit.session.add(row)
    else:
        checked_version(f"The field {key}", expected=command.expected_version, current=row.row_version)
        if row.type != command.type or row.dictionary != command.dictionary:
            raise WrongFields({"/type": "A field keeps its type and its list, because records have values of it."})
    row.labels, row.help, row.dictionary = labels, told, command.dictionary
    row.minimum, row.maximum = command.minimum, command.maximum
    row.is_required, row.is_searchable, row.is_retired = command.is_required, command.is_searchable, command.is_retired
    row.position = row.position if command.position is None else command.position
    definition = {"type": row.type, "labels": labels, "is_required": row.is_required, "is_retired": row.is_retired}
    unit.emit(FieldDefined(entity=row.entity, key=key, definition=definition))
    return row.id


def custom_fields(view: Reading, entity: str, *, all_of_them: bool = False) -> list[Field]:
    """The fields of a kind of record in their order, those in use or all."""
    require_settings(view)
    return fields_of(view, entity, all_of_them=all_of_them)


def fields_of(view: Reading | UnitOfWork, entity: str, *, all_of_them: bool = False) -> list[Field]:
    """The same without asking for a right, for commands that have asked for theirs."""
    wanted = select(CustomFieldRow).where(CustomFieldRow.entity == entity)
    if not all_of_them:
        wanted = wanted.where(CustomFieldRow.is_retired.is_(False))
    rows = view.session.scalars(wanted.order_by(CustomFieldRow.position, CustomFieldRow.key))
    names = tuple(Field.__dataclass_fields__)
    return [
        Field(**{name: getattr(row, "row_version" if name == "version" else name) for name in names}) for row in rows
    ]


def checked_values(
    unit: UnitOfWork, entity: str, given: Mapping[str, Any], before: Mapping[str, Any], findings: Findings
) -> dict[str, Any]:
    """The values in the form that is stored: numbers with decimals as texts, days as ISO texts, empty ones left out.

    Values of retired fields stay as they are. Faults are noted by pointer (`/custom/colour`).
    """
    kept_fields = f"{DEFINED}:{entity}"  # read once in a unit: the same in every row
    if kept_fields not in unit.made:
        unit.made[kept_fields] = fields_of(unit, entity, all_of_them=True)
    found, codes = read_values(unit.made[kept_fields], given, before, findings)
    kept = frozenset(at for at in codes if before.get(at.split("/")[2]) == found.get(at.split("/")[2]))
    check_codes(unit, findings, codes, kept=kept)
    return found


def read_values(
    own: Sequence[Field], given: Mapping[str, Any], before: Mapping[str, Any], findings: Findings
) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """The same without a look into value lists: also pointers to list and code, for whoever has looked already."""
    known = {each.key: each for each in own}
    checking, found = _Checking(findings), dict[str, Any]()
    for key in given.keys() - known.keys():
        findings.add(f"/custom/{key}", f"There is no field {key}.")
    for key, each in known.items():
        at = f"/custom/{key}"
        if each.is_retired:
            if key in before:
                found[key] = before[key]
            continue
        value = given.get(key)
        if value is None or value in ("", [], ()):
            if each.is_required and (not before or key in before):
                findings.add(at, f"{_title(each)} is missing.")
            continue
        found[key] = _READERS[each.type](checking, at, each, value)
    return found, checking.codes


def typed(fields: list[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as decisions and expressions want them: numbers as Decimal, days as date, absent ones as None."""
    return {each.key: _typed(each, values.get(each.key)) for each in fields}


def _typed(each: Field, value: Any) -> Any:
    if value is None:
        return None
    if each.type in NUMBERS:
        return Decimal(value)
    return date.fromisoformat(value) if each.type == "date" else value


def _next_position(unit: UnitOfWork, entity: str) -> int:
    mine = CustomFieldRow.entity == entity
    count, last = unit.session.execute(
        select(func.count(), func.coalesce(func.max(CustomFieldRow.position), 0)).where(mine)
    ).one()
    if count >= MOST:
        raise WrongFields(
            {"/key": f"A kind of record has {MOST} fields of a firm's own at most. Retire does not help."}
        )
    return int(last) + 1


def _title(each: Field) -> str:
    return next(iter(each.labels.values()), each.key)


def _text(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    usual = 200 if each.type != "long_text" else 10_000
    longest = int(each.maximum) if each.maximum is not None else usual
    text = checking.findings.text(at, value, _title(each), longest=longest)
    if each.minimum is not None and text and len(text) < each.minimum:
        checking.findings.add(at, f"{_title(each)} needs {each.minimum:f} characters at least.")
    return text


def _number(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15 or isinstance(value, bool):
        checking.findings.add(at, f"{_title(each)} must be a number.")
        return None
    places = 0 if each.type == "whole" else 6
    if number != number.quantize(Decimal(1).scaleb(-places)):
        many = "must be a whole number" if each.type == "whole" else f"has more than {places} decimal places"
        checking.findings.add(at, f"{_title(each)} {many}.")
    if each.minimum is not None and number < each.minimum:
        checking.findings.add(at, f"{_title(each)} must be {each.minimum.normalize():f} at least.")
    if each.maximum is not None and number > each.maximum:
        checking.findings.add(at, f"{_title(each)} must be {each.maximum.normalize():f} at most.")
    return int(number) if each.type == "whole" else format(number.normalize(), "f")


def _yes_no(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    if not isinstance(value, bool):
        checking.findings.add(at, f"{_title(each)} must be true or false.")
    return value


def _date(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value))).isoformat()
    except ValueError:
        checking.findings.add(at, f"{_title(each)} must be a day such as 2026-01-31.")
    return None


def _choice(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    code = checking.findings.text(at, value, _title(each), longest=64)
    if code and each.dictionary:
        checking.codes[at] = (each.dictionary, code)
    return code


def _choices(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        checking.findings.add(at, f"{_title(each)} must be a list of values.")
        return None
    for index, code in enumerate(value):
        checking.codes[f"{at}/{index}"] = (each.dictionary or "", str(code))
    return list(dict.fromkeys(str(code) for code in value))


def _email(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    if not isinstance(value, str) or not is_email(value):
        checking.findings.add(at, f"{_title(each)} must be an e-mail address.")
    return value


def _link(checking: _Checking, at: str, each: Field, value: Any) -> Any:
    if not isinstance(value, str) or not is_web_address(value):
        checking.findings.add(at, f"{_title(each)} must be an address such as https://www.example.com.")
    return value


_READERS: dict[str, Callable[[_Checking, str, Field, Any], Any]] = {
    "text": _text,
    "long_text": _text,
    "whole": _number,
    "decimal": _number,
    "yes_no": _yes_no,
    "date": _date,
    "choice": _choice,
    "choices": _choices,
    "email": _email,
    "link": _link,
}
