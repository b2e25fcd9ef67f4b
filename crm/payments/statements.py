"""A bank statement as matching sees it, whatever format the bank writes; and which format a file is in."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from core.records import dataclass
from crm.payments.errors import StatementInconsistent, StatementRefused

LARGEST = 20 << 20  # bytes
MOST_ENTRIES = 20_000
DOMESTIC = re.compile(r"\d{26}")  # a Polish account number without its country


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement; `amount` is positive for money that came."""

    booked_on: date
    value_on: date
    amount: Decimal
    is_reversal: bool = False
    payer_name: str | None = None
    payer_account: str | None = None
    reference: str = ""
    bank_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one account."""

    format: str
    account: str
    number: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    closed_on: date | None
    entries: tuple[Entry, ...]

    def check(self) -> None:
        """Raise `StatementInconsistent` when the entries do not lead from one balance to the other."""
        total = sum((each.amount for each in self.entries), Decimal(0))
        if self.opening is not None and self.closing is not None and self.opening + total != self.closing:
            raise StatementInconsistent(
                self.number, opening=str(self.opening), entries=str(total), closing=str(self.closing)
            )

    @property
    def key(self) -> str:
        """The digest of what the statement says: the same one, saved again by the bank, is the same."""
        return _digest((self.account, self.number, self.currency, self.opening, self.closing, *self.keys()))

    def keys(self) -> list[str]:
        """A digest for each entry; equal entries of one statement are told apart by counting them.

        A statement of the day and one of the month give the same entry the same digest.
        """
        seen: Counter[Entry] = Counter()
        found = []
        for each in self.entries:
            parts = (self.account, self.currency, each.booked_on, each.value_on, each.amount, each.is_reversal)
            said = (each.payer_account, squeezed(each.reference), each.bank_reference)
            found.append(_digest((*parts, *said, seen[each])))
            seen[each] += 1
        return found


def read_statements(content: bytes) -> list[Statement]:
    """The statements of a file. Raises `StatementRefused`, `StatementInconsistent`."""
    from crm.payments import camt_files, mt940_files  # late: they build what this module defines

    if len(content) > LARGEST:
        raise StatementRefused(f"it is larger than {LARGEST >> 20} MB")
    head = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    found = camt_files.read(content) if head.startswith(b"<") else mt940_files.read(content)
    if not found:
        raise StatementRefused("there is no statement in it")
    if sum(len(each.entries) for each in found) > MOST_ENTRIES:
        raise StatementRefused(f"it has more than {MOST_ENTRIES} entries")
    for each in found:
        each.check()
    return found


def account_number(text: str | None) -> str | None:
    """An account number without spaces; a domestic Polish one with its country."""
    if not text:
        return None
    compact = "".join(each for each in text.upper() if each.isascii() and each.isalnum())[:34]
    return f"PL{compact}" if DOMESTIC.fullmatch(compact) else compact or None


def squeezed(text: str) -> str:
    """Text with single spaces."""
    return " ".join(text.split())


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256("\x1f".join(str(each) for each in parts).encode()).hexdigest()
