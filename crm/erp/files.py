"""The hand-over by files: CSV of what waits, and a CSV of what the ERP says."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from core.errors import DomainError
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.erp import words as known
from crm.erp.arriving import TakeArrival, take_arrival
from crm.erp.contents import digest_of
from crm.erp.errors import HandoverNotFound, NothingToExport, WrongAnswers
from crm.erp.models import HandoverRow
from crm.erp.queries import require
from crm.erp.sending import note_sent
from crm.imports.reading import safe
from storage.unit_of_work import Reading, UnitOfWork

MOST_RECORDS = 5_000
MOST_ROWS = 5_000
FLAT = {
    known.CUSTOMER: (
        *("number", "name", "legal_name", "country", "tax_id", "currency", "payment_days", "external_reference"),
        *("street", "postal_code", "city", "phone", "email"),
    ),
    known.PRODUCT: ("sku", "name", "category", "unit", "price", "currency", "vat_rate", "is_active"),
    known.PARTS_ORDER: ("number", "supplier", "parts", "expected_on", "case"),
    known.ORDER: (
        *("number", "customer", "ordered_on", "due_on", "currency", "freight", "payment_days", "delivery_address"),
        *("position", "sku", "description", "quantity", "unit", "unit_price", "discount", "vat_rate", "net", "gross"),
    ),
}
ANSWERS = (
    *("kind", "key", "handover", "number", "reason", "order", "customer", "issued_on", "sold_on", "due_on", "net"),
    *("vat", "currency", "description", "external_reference", "delivered_on", "complete"),
    *("sku", "price", "cost", "quantity", "place", "payment", "amount", "booked_on", "reference", "payer_name"),
    *("received_on", "employee", "hourly", "valid_from"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportHandovers(Command):
    """Put all records of a kind that wait into a file."""

    entity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAnswers(Command):
    """Take over a CSV file of what the ERP says; `kind` in each row says what it is."""

    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The file, by which it can be had again, and how many records are in it."""

    batch: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that could not be taken over, counted as the lines of the file are, and why."""

    line: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAnswers:
    """How many rows were taken over, how many were here before, and the others; those are kept to be tried again."""

    taken: int
    known: int
    refused: list[RefusedRow]


@handles(ExportHandovers, needs=known.EXCHANGE)
def export_handovers(command: ExportHandovers, unit: UnitOfWork) -> Exported:
    """The file. Raises `NothingToExport`."""
    wanted = (
        select(HandoverRow)
        .where(HandoverRow.state == known.WAITING, HandoverRow.entity == command.entity)
        .order_by(HandoverRow.created_at, HandoverRow.id)
        .limit(MOST_RECORDS)
        .with_for_update(skip_locked=True)
    )
    rows = list(unit.session.scalars(wanted))
    if not rows:
        raise NothingToExport(known.NAMES.get(command.entity, command.entity))
    batch = new_id()
    for row in rows:
        row.batch = batch
        row.attempts += 1
        note_sent(unit, row)
    return Exported(batch=batch, records=len(rows))


@handles(TakeAnswers, needs=known.EXCHANGE)
def take_answers(command: TakeAnswers, unit: UnitOfWork) -> TakenAnswers:
    """What came of the rows. Raises `WrongAnswers` for what is no such file."""
    taken = again = 0
    refused = []
    for line, row in _rows(command.content):
        kind, content = row.pop("kind", ""), {name: value for name, value in row.items() if value and name != "key"}
        key = row.get("key") or f"file:{kind}:{digest_of(content)[:32]}"
        try:
            with unit.savepoint():
                arrived = take_arrival(TakeArrival(key=key, kind=kind, content=content), unit)
        except DomainError as error:
            refused.append(RefusedRow(line=line, key=key, reason=error.sentence))
            continue
        if arrived.state != known.TAKEN:
            refused.append(RefusedRow(line=line, key=key, reason=arrived.reason or ""))
        elif arrived.is_new:
            taken += 1
        else:
            again += 1
    return TakenAnswers(taken=taken, known=again, refused=refused)


def batch_csv(view: Reading, batch: str) -> tuple[str, Iterator[str]]:
    """The name of a file of records and its lines, the same each time. Raises `HandoverNotFound`, `Forbidden`."""
    require(view)
    wanted = select(HandoverRow).where(HandoverRow.batch == batch).order_by(HandoverRow.created_at, HandoverRow.id)
    rows = list(view.session.scalars(wanted))
    if not rows:
        raise HandoverNotFound(batch)
    return f"{known.NAMES[rows[0].entity]}-{batch}.csv", _lines(rows)


def _lines(rows: list[HandoverRow]) -> Iterator[str]:
    columns = FLAT[rows[0].entity]
    yield "\ufeff" + _line(("handover", *columns))
    for row in rows:
        for values in _flat(row):
            yield _line((row.key, *(_cell(values.get(name)) for name in columns)))


def _flat(row: HandoverRow) -> list[Mapping[str, Any]]:
    """An order is one row for each of its lines, everything else one row."""
    content = row.content
    if row.entity == known.ORDER:
        return [content | line for line in content["lines"]]
    if row.entity == known.CUSTOMER:
        address, phone, mail = (_first(content[name]) for name in ("addresses", "phones", "emails"))
        wanted = {name: address.get(name) for name in ("street", "postal_code", "city")}
        return [content | wanted | {"phone": phone.get("number"), "email": mail.get("address")}]
    return [content]


def _first(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return parts[0] if parts else {}


def _rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1250", errors="replace")
    text = text.replace("\0", "")
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [each.strip().lower() for each in reader.fieldnames or ()]
    unknown = [each for each in names if each not in ANSWERS]
    if "kind" not in names or unknown:
        told = f"nobody knows {', '.join(unknown)}" if unknown else "kind is missing"
        raise WrongAnswers(f"The columns of the file are wrong: {told}. Known are {', '.join(ANSWERS)}.")
    reader.fieldnames = names
    try:
        found = [(reader.line_num, {name: (row.get(name) or "").strip() for name in names}) for row in reader]
    except csv.Error as error:
        raise WrongAnswers(f"The file is no CSV that can be read: {error}.") from error
    if len(found) > MOST_ROWS:
        raise WrongAnswers(f"The file has more than {MOST_ROWS} rows. Split it.")
    return found


def _cell(value: Any) -> str:
    return "" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _line(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow([safe(each) for each in cells])
    return written.getvalue()
