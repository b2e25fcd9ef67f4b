"""What rows become: created, updated, unchanged, a duplicate or refused; each kind of record has a module for it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from typing import Any

from core.errors import InvalidInput
from core.records import dataclass
from crm.imports.fields import KINDS
from crm.imports.reading import ENCODINGS, Row

CREATED, UPDATED, UNCHANGED, DUPLICATE, REJECTED = "created", "updated", "unchanged", "duplicate", "rejected"
OUTCOMES = (CREATED, UPDATED, UNCHANGED, DUPLICATE, REJECTED)
FORMATS = ("csv", "vcard", "outlook")
CHECKED = {"days": ("ymd", "dmy", "mdy"), "format": FORMATS, "encoding": ENCODINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """How a file is read: its form, which field each column means, by which fields records are found.

    `skips_duplicates` leaves out what looks like a customer that is there; otherwise it is entered and shown among the
    duplicates. `makes_customers` enters the firm of a person who has none yet; `updates` changes what is found.
    """

    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ";"
    columns: tuple[str | None, ...] = ()
    keys: tuple[str, ...] = ()
    days: str = "dmy"
    country: str = "PL"
    updates: bool = True
    skips_duplicates: bool = True
    makes_customers: bool = True

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"columns": list(self.columns), "keys": list(self.keys)}


def arrangement_of(stored: Mapping[str, Any]) -> Arrangement:
    """The arrangement that was stored. Raises `InvalidInput` for what is none."""
    known = {name: value for name, value in stored.items() if name in Arrangement.__dataclass_fields__}
    found = Arrangement(**known | {name: tuple(known[name]) for name in ("columns", "keys") if name in known})
    wrong = [name for name, values in CHECKED.items() if getattr(found, name) not in values]
    if wrong or len(found.delimiter) != 1 or len(found.country) != 2:
        raise InvalidInput(f"The file cannot be read so: {', '.join(wrong) or 'delimiter or country'} is wrong.")
    return found


@dataclass(slots=True, kw_only=True)
class Taken:
    """What came of a row; `label` is what people call the record, `before` what it said, for taking the row back."""

    row: Row
    outcome: str
    label: str = ""
    record_id: str | None = None
    version: int | None = None
    before: dict[str, Any] | None = None
    sentence: str | None = None
    changes: list[str] = field(default_factory=list)


def rejected(row: Row, sentence: str, label: str = "") -> Taken:
    """A row that is refused."""
    return Taken(row=row, outcome=REJECTED, sentence=sentence, label=label)


def take(
    unit: Any, kind: str, rows: Sequence[Row], arrangement: Arrangement, *, import_id: str | None = None
) -> list[Taken]:
    """Bring rows in, in the caller's transaction; whoever only wants to see what would happen does not commit it.

    `import_id` names the import whose earlier rows count: one file tells of a customer once.
    """
    from crm.imports import activities, contacts, customers, products

    if kind not in KINDS:
        raise InvalidInput(f"Nobody knows records called {kind}. Known are {', '.join(KINDS)}.")
    if kind == "customers":
        return customers.take(unit, rows, arrangement, import_id=import_id)
    module = {"contacts": contacts, "products": products, "activities": activities}[kind]
    taken: list[Taken] = module.take(unit, rows, arrangement)
    return taken
