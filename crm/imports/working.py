"""The worker behind imports, and a look at what would happen before anything does."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

from core.errors import DomainError, StaleState, StorageFull, Unavailable
from core.identity import SYSTEM, Actor
from core.records import dataclass
from crm import runs
from crm.imports.batches import RUN, FailImport, FinishImport, TakeRows, job_of
from crm.imports.errors import FileUnreadable, ImportFileErased
from crm.imports.fields import guess_columns
from crm.imports.models import ImportRow
from crm.imports.outlook_contacts import contact_rows, is_outlook
from crm.imports.reading import LARGEST, Form, Row, guess, rows_of
from crm.imports.taking import Arrangement, Taken, arrangement_of, take
from crm.imports.values import day_order
from crm.imports.vcards import COLUMNS, card_rows
from crm.runs import Host
from storage.blobs.store import BlobStore
from storage.jobs.registry import job
from storage.unit_of_work import UnitFactory

BATCH = 500  # rows that come in together
TURN = 40  # batches until other jobs have their turn
SHOWN = 20  # rows of a preview
LOOKED_AT = 200  # rows that the order of days is told from
CARDS = {"vcard": card_rows, "outlook": contact_rows}  # forms whose columns are always the same
KEYS = {
    "customers": ("number", "external_reference", "tax_id"),
    "contacts": ("external_reference", "email"),
    "products": ("sku", "external_reference"),
    "activities": ("key",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a file shows of itself: how it is arranged by our guess, its head, its number of rows."""

    arrangement: Arrangement
    head: tuple[str, ...]
    total: int


def look_at(source: BinaryIO, kind: str, own: Sequence[Any] = (), *, form: Form | None = None) -> Looked:
    """Guess how a file is meant; `form` is what somebody knows better. Raises `FileUnreadable`."""
    content = source.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FileUnreadable(f"The file has more than {LARGEST >> 20} MiB. Split it.")
    if content.lstrip(b"\xef\xbb\xbf \r\n")[:11].upper() == b"BEGIN:VCARD":
        total = sum(1 for _ in card_rows(io.BytesIO(content)))
        arrangement = Arrangement(format="vcard", columns=COLUMNS, keys=KEYS["contacts"], days="ymd")
        return Looked(arrangement=arrangement, head=COLUMNS, total=total)
    if is_outlook(content):
        total = sum(1 for _ in contact_rows(io.BytesIO(content)))
        arrangement = Arrangement(format="outlook", columns=COLUMNS, keys=KEYS["contacts"], days="ymd")
        return Looked(arrangement=arrangement, head=COLUMNS, total=total)
    form = form or guess(io.BytesIO(content))
    rows = rows_of(io.BytesIO(content), form)
    head = next(rows, None)
    if head is None:
        raise FileUnreadable("The file is empty.")
    first = list(islice(rows, LOOKED_AT))
    cells = [cell for row in first for cell in row.cells if 6 <= len(cell) <= 20]
    arrangement = Arrangement(
        encoding=form.encoding,
        delimiter=form.delimiter,
        columns=tuple(guess_columns(kind, [each.strip("\ufeff ") for each in head.cells], own)),
        keys=KEYS[kind],
        days=day_order(cells),
    )
    return Looked(arrangement=arrangement, head=head.cells, total=len(first) + sum(1 for _ in rows))


def preview(units: UnitFactory, row: ImportRow, actor: Actor) -> list[Taken]:
    """What would come of the first rows: they are brought in, looked at, and never committed."""
    arrangement = arrangement_of(row.arrangement)
    with units.reading(actor) as view, opened(view.port(BlobStore), row) as source:
        first = tuple(islice(_data(source, arrangement), SHOWN))
    with units.begin(actor) as unit:
        return take(unit, row.kind, first, arrangement)


def head_of(store: BlobStore, row: ImportRow) -> tuple[str, ...]:
    """The heads of a file's columns."""
    arrangement = arrangement_of(row.arrangement)
    if arrangement.format in CARDS:
        return COLUMNS
    if row.digest is None:  # erased; what the columns were meant as is known
        return tuple(each or "" for each in arrangement.columns)
    with opened(store, row) as source:
        head = next(rows_of(source, Form(encoding=arrangement.encoding, delimiter=arrangement.delimiter)), None)
    return head.cells if head else ()


@job(RUN)
def run_import(host: Host, arguments: dict[str, Any]) -> None:
    """Bring batch after batch in, as whoever started it; then other jobs have their turn."""
    import_id = arguments["import_id"]
    row = runs.running(host, ImportRow, import_id)
    if row is None:
        return
    with host.units.reading(SYSTEM) as view:
        store = view.port(BlobStore)
    actor = runs.actor_of(row)
    try:
        if _bring_in(host, row, store, actor):
            host.executor.execute(FinishImport(import_id=import_id), actor=actor)
    except (Unavailable, StaleState, StorageFull):
        raise  # the job comes again
    except DomainError as error:
        host.executor.execute(FailImport(import_id=import_id, reason=error.sentence), actor=SYSTEM)


def _bring_in(host: Host, row: ImportRow, store: BlobStore, actor: Actor) -> bool:
    """Whether no row is left."""
    arrangement, position = arrangement_of(row.arrangement), row.done
    with opened(store, row) as source:
        rows = islice(_data(source, arrangement), position, None)
        for _ in range(TURN):
            batch = tuple(islice(rows, BATCH))
            if not batch:
                return True
            if not host.executor.execute(TakeRows(import_id=row.id, position=position, rows=batch), actor=actor):
                return False
            position += len(batch)
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(job_of(row.id))
        unit.commit()
    return False


@contextmanager
def opened(store: BlobStore, row: ImportRow) -> Iterator[BinaryIO]:
    """The file in memory. Raises `ImportFileErased`."""
    if row.digest is None:
        raise ImportFileErased(row.id)
    with store.open(row.digest) as source:
        yield io.BytesIO(source.read(LARGEST))


def _data(source: BinaryIO, arrangement: Arrangement) -> Iterator[Row]:
    """The rows without the head."""
    if arrangement.format in CARDS:
        return CARDS[arrangement.format](source)
    form = Form(encoding=arrangement.encoding, delimiter=arrangement.delimiter)
    return islice(rows_of(source, form), 1, None)
