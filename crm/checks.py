"""Collects what is wrong with a form, so that a person hears all of it at once."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import func, select, text

from crm.errors import ChangedMeanwhile, ReferenceTaken, WrongFields
from storage.unit_of_work import UnitOfWork

LOCKS = 7_203_115  # first half of our advisory locks
LOCK_ALL = text("SELECT pg_advisory_xact_lock(:ours, hashtext(key)) FROM unnest(CAST(:keys AS text[])) AS key")
LARGEST = Decimal("99999999999999.9999")


class Findings:
    """Faults by JSON pointer; `refuse` raises them together."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def add(self, pointer: str, sentence: str) -> None:
        """Note a fault; the first one of a field is the one that is shown."""
        self.fields.setdefault(pointer, sentence)

    def text(self, pointer: str, value: Any, label: str, *, longest: int = 200) -> str:
        """A text that must not be empty."""
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            self.add(pointer, f"{label} is missing.")
        if len(text) > longest:
            self.add(pointer, f"{label} is longer than {longest} characters.")
        if "\0" in text:
            self.add(pointer, f"{label} has a character that cannot be stored.")
        return text

    def optional(self, pointer: str, value: Any, label: str, *, longest: int = 400) -> str | None:
        """A text that may be absent; an empty one is absent."""
        if value is None or value == "":
            return None
        return self.text(pointer, value, label, longest=longest)

    def choice(self, pointer: str, value: Any, label: str, known: tuple[str, ...]) -> str:
        """One of some known values."""
        if value not in known:
            self.add(pointer, f"{label} must be one of {', '.join(known)}.")
        return str(value)

    def code(self, pointer: str, value: Any, label: str, length: int) -> str:
        """A code of capital letters, such as a currency or a country."""
        text = str(value or "").strip().upper()
        if len(text) != length or not (text.isascii() and text.isalpha()):
            self.add(pointer, f"{label} is a code of {length} letters.")
        return text

    def amount(
        self, pointer: str, value: Any, label: str, *, least: int = 0, most: Decimal = LARGEST, places: int = 4
    ) -> Decimal:
        """A number with a limited number of decimal places."""
        try:
            number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        except InvalidOperation:
            self.add(pointer, f"{label} must be a number.")
            return Decimal(0)
        if not number.is_finite() or not least <= number <= most:
            self.add(pointer, f"{label} must be between {least} and {format(most, 'f')}.")
            return Decimal(0)
        if number != number.quantize(Decimal(1).scaleb(-places)):
            self.add(pointer, f"{label} has more than {places} decimal places.")
            return Decimal(0)
        return number

    def whole(self, pointer: str, value: Any, label: str, *, most: int) -> int:
        """A whole number from zero on."""
        number = self.amount(pointer, value, label, most=Decimal(most), places=0)
        return int(number)

    def refuse(self) -> None:
        """Raise `WrongFields` when anything was found."""
        if self.fields:
            raise WrongFields(self.fields)


def checked_version(what: str, *, expected: int | None, current: int) -> None:
    """Refuse to save over somebody else's change. Raises `ChangedMeanwhile`; without expectation nothing is checked."""
    if expected is not None and expected != current:
        raise ChangedMeanwhile(what, expected=expected, current=current)


def one_at_a_time(unit: UnitOfWork, key: str) -> None:
    """Wait until nobody else works on the same key; the lock ends with the unit.

    Looking for a record and then entering it is safe behind it: whoever comes second sees the first one's record.
    """
    unit.session.execute(select(func.pg_advisory_xact_lock(LOCKS, func.hashtext(key))))


def all_at_a_time(unit: UnitOfWork, keys: Iterable[str]) -> None:
    """The same for many keys with one statement, in one order, so that two batches never wait for each other."""
    wanted = sorted(set(keys))
    if wanted:
        unit.session.execute(LOCK_ALL, {"ours": LOCKS, "keys": wanted})


def refuse_taken(unit: UnitOfWork, table: type[Any], reference: str | None, what: str) -> None:
    """Raise `ReferenceTaken` when a record of the table has this external reference."""
    if reference is None:
        return
    one_at_a_time(unit, f"{table.__tablename__}:{reference}")
    taken = select(table.id).where(table.external_reference == reference)
    if unit.session.scalars(taken).first() is not None:
        raise ReferenceTaken(what, reference)
