"""Reads logs of fines and of what became of them, case by case: CSV or XES as process mining writes them.

A log is read as a stream, one case in memory at a time. XES is parsed without entities, DTD and network.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from typing import IO

from lxml import etree

from core.errors import InvalidInput
from core.records import dataclass

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"
CREATED, SENT, NOTIFIED, PENALTY = "Create Fine", "Send Fine", "Insert Fine Notification", "Add penalty"
PAID, COLLECTED = "Payment", "Send for Credit Collection"
APPEALS = ("Insert Date Appeal to Prefecture", "Appeal to Judge")
ANSWERS = ("Receive Result Appeal from Prefecture", "Notify Result Appeal to Offender")
DISMISSED = frozenset({"#", "G"})  # by the prefecture, by a judge
TERM = timedelta(days=60)  # after the notification, as the law of the log's country has it
CENT = Decimal("0.01")
SOME = frozenset({"string", "date", "float", "int", "boolean", "id"})


class LogRefused(InvalidInput):
    """A log cannot be read; the sentence says why."""

    code = "log_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a log."""

    name: str
    on: date
    values: Mapping[str, str]

    def amount(self, key: str) -> Decimal:
        """A sum of money; nothing where the log says none."""
        try:
            return Decimal(self.values.get(key) or "0").quantize(CENT)
        except InvalidOperation as error:
            raise LogRefused(f"{key} is no amount: {self.values[key][:40]}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """A fine as an invoice: what is owed, until when, and what happened.

    The log has no term and no final amount, so both are told from its end: the term ended when the penalty was added,
    else 60 days after the last paper; owed is what was asked for last, or before the penalty, where the office took
    that as paid.
    """

    id: str
    created_on: date
    due_on: date
    gross: Decimal
    outcome: str  # paid, collection, dismissed, open
    has_penalty: bool
    payments: tuple[tuple[date, Decimal], ...]
    appealed_on: tuple[date, ...]
    answered_on: tuple[date, ...]
    dismissed_on: date | None
    collected_on: date | None

    @property
    def is_paid_before_penalty(self) -> bool:
        """Whether the last money came before anything was added, or nothing ever was."""
        return self.outcome == "paid" and self.payments[-1][0] <= self.due_on


def read_fines(path: Path) -> Iterator[Fine]:
    """The cases of a log, `.csv` or `.xes`, also `.gz`, in its order. Raises `LogRefused`."""
    kinds = {".csv": _csv_cases, ".xes": _xes_cases}
    name = path.name.lower().removesuffix(".gz")
    reader = next((kinds[each] for each in kinds if name.endswith(each)), None)
    if reader is None:
        raise LogRefused(f"{path.name} is neither .csv nor .xes, with or without .gz.")
    seen = set()
    with _opened(path) as source:
        for case, entries in reader(source):
            if case in seen:
                raise LogRefused(f"The rows of {case} do not stand together. Sort the log by its cases.")
            seen.add(case)
            yield fine_of(case, entries)


def fine_of(case: str, entries: Iterable[Entry]) -> Fine:
    """What a case of the log says. Raises `LogRefused`."""
    told = sorted(entries, key=lambda each: each.on)
    days = {each.name: each.on for each in told}
    if CREATED not in days:
        raise LogRefused(f"{case} does not begin with “{CREATED}”.")
    payments = tuple((each.on, each.amount("paymentAmount")) for each in told if each.name == PAID)
    payments = tuple(each for each in payments if each[1] > 0)
    paid = sum((amount for _, amount in payments), Decimal(0))
    first, last = _owed(told)
    dismissed = [each.on for each in told if each.values.get("dismissal") in DISMISSED]
    enough = paid >= first > 0
    outcome = "collection" if COLLECTED in days else "paid" if enough else "dismissed" if dismissed else "open"
    sent = days.get(NOTIFIED, days.get(SENT, days[CREATED]))
    return Fine(
        id=case,
        created_on=days[CREATED],
        due_on=max(days.get(PENALTY, sent + TERM), days[CREATED]),
        gross=(first if outcome == "paid" and paid < last else last) or CENT,
        outcome=outcome,
        has_penalty=PENALTY in days,
        payments=payments,
        appealed_on=tuple(each.on for each in told if each.name in APPEALS),
        answered_on=tuple(each.on for each in told if each.name in ANSWERS),
        dismissed_on=dismissed[0] if outcome == "dismissed" else None,
        collected_on=days.get(COLLECTED),
    )


def _owed(told: Iterable[Entry]) -> tuple[Decimal, Decimal]:
    """The fine with its expenses, and the same with the penalty."""
    rows = list(told)
    amounts = [each.amount("amount") for each in rows if each.values.get("amount")] or [Decimal(0)]
    expenses = sum((each.amount("expense") for each in rows), Decimal(0))
    return amounts[0] + expenses, amounts[-1] + expenses


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as plain:
        if path.suffix.lower() == ".gz":
            with gzip.open(plain) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield plain


def _csv_cases(source: IO[bytes]) -> Iterator[tuple[str, list[Entry]]]:
    with TextIOWrapper(source, encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = {CASE, ACTIVITY, TIME} - set(reader.fieldnames or ())
        if missing:
            raise LogRefused(f"The log has no column {', '.join(sorted(missing))}.")
        try:
            for case, rows in groupby(reader, key=lambda row: row[CASE]):
                entries = [{key: value or "" for key, value in row.items() if key is not None} for row in rows]
                yield case, [_entry(each) for each in entries]
        except (csv.Error, UnicodeDecodeError) as error:
            raise LogRefused(f"The log is no CSV that can be read: {error}") from error


def _xes_cases(source: IO[bytes]) -> Iterator[tuple[str, list[Entry]]]:
    rules = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        for event, element in etree.iterparse(source, events=("start", "end"), tag=("{*}log", "{*}trace"), **rules):
            if element.getroottree().docinfo.doctype:  # told before anything could name an entity
                raise LogRefused("The log has a document type, which is not read.")
            if event == "start" or etree.QName(element).localname == "log":
                continue
            case = _attributes(element).get(ACTIVITY, "")
            yield case, [_entry(_attributes(each)) for each in element.iterfind("{*}event")]
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise LogRefused(f"The log is no XML that can be read: {error}") from error


def _attributes(element: etree._Element) -> dict[str, str]:
    return {
        str(each.get("key")): str(each.get("value", ""))
        for each in element
        if isinstance(each.tag, str) and etree.QName(each).localname in SOME
    }


def _forget(element: etree._Element) -> None:
    """Let go of what was read, with everything before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def _entry(values: Mapping[str, str]) -> Entry:
    try:
        on = datetime.fromisoformat(values[TIME]).date()
        return Entry(name=values[ACTIVITY], on=on, values=values)
    except (KeyError, ValueError) as error:
        raise LogRefused(f"An entry of the log has no name or no time: {dict(list(values.items())[:4])}") from error
