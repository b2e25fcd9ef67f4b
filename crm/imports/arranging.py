"""Imports and kept mappings for whoever looks at them: how they are arranged, how they get on, what was refused."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Select, select

from core.errors import Forbidden
from core.records import dataclass
from crm.access import require_read
from crm.custom_fields import Field, fields_of
from crm.imports.errors import ImportNotFound
from crm.imports.fields import RIGHTS
from crm.imports.models import ImportedRow, ImportMappingRow, ImportRow
from crm.imports.reading import safe
from crm.imports.taking import OUTCOMES, Arrangement, arrangement_of
from crm.imports.values import ENTITIES
from crm.runs import SEE_ALL
from storage.unit_of_work import Reading

MOST = 200
PIECE = 1000  # rejected rows that are in memory at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """An import; `state` is draft, running, stopped, finished, failed, undoing, undone; `counts` is rows by outcome."""

    id: str
    kind: str
    file_name: str
    state: str
    total: int
    done: int
    counts: dict[str, int]
    undone: int
    kept: int
    reason: str | None
    arrangement: Arrangement
    started_by: str
    started_name: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def trouble(self) -> int:
        """Rows that were not taken over."""
        return self.counts["rejected"] + self.counts["duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """Some imports, newest first; `next` continues after them."""

    items: list[ImportView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """What came of one row."""

    position: int
    line: int
    outcome: str
    record_id: str | None
    sentence: str | None
    cells: list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """Some rows; `next` continues after them."""

    items: list[ImportedLine]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A kept arrangement, and who kept it last."""

    id: str
    kind: str
    name: str
    arrangement: Arrangement
    kept_by: str


def imports(view: Reading, *, after: str | None = None, limit: int = 50) -> ImportPage:
    """My imports, all of them for administrators."""
    require_read(view)
    wanted = select(ImportRow)
    if not view.actor.may(SEE_ALL):
        wanted = wanted.where(ImportRow.started_by == view.actor.id)
    if after:
        wanted = wanted.where(ImportRow.id < after)
    size = max(1, min(limit, MOST))
    rows = list(view.session.scalars(wanted.order_by(ImportRow.id.desc()).limit(size + 1)))
    return ImportPage(items=[_view(row) for row in rows[:size]], next=rows[size - 1].id if len(rows) > size else None)


def one_import(view: Reading, import_id: str) -> ImportView:
    """One. Raises `ImportNotFound`."""
    return _view(import_row(view, import_id))


def import_row(view: Reading, import_id: str) -> ImportRow:
    """Its row, for a preview. Raises `ImportNotFound`, also for somebody else's."""
    row = view.session.get(ImportRow, import_id)
    if row is None or not (row.started_by == view.actor.id or view.actor.may(SEE_ALL)):
        raise ImportNotFound(import_id)
    if not view.actor.may(RIGHTS[row.kind]):
        raise Forbidden(f"You do not have the right to see this import ({RIGHTS[row.kind]}).")
    return row


def lines(view: Reading, import_id: str, *, outcome: str | None = None, after: int = 0, limit: int = 50) -> LinePage:
    """What came of the rows, in the order of the file. Raises `ImportNotFound`."""
    import_row(view, import_id)
    size = max(1, min(limit, MOST))
    wanted = _lines(import_id, after)
    if outcome:
        wanted = wanted.where(ImportedRow.outcome == outcome)
    rows = list(view.session.scalars(wanted.limit(size + 1)))
    found = [
        ImportedLine(
            position=row.position,
            line=row.line,
            outcome=row.outcome,
            record_id=row.record_id,
            sentence=row.sentence,
            cells=row.cells,
        )
        for row in rows[:size]
    ]
    return LinePage(items=found, next=rows[size - 1].position if len(rows) > size else None)


def rejected_csv(view: Reading, import_id: str, head: Sequence[str]) -> Iterator[str]:
    """The rows that did not come in, as CSV with line and sentence first; corrected, it can be brought in again.

    Raises `ImportNotFound`.
    """
    row = import_row(view, import_id)
    delimiter = arrangement_of(row.arrangement).delimiter
    yield "\ufeff" + _csv_line(("line", "why", *head), delimiter)
    after = 0
    while True:
        wanted = _lines(import_id, after).where(ImportedRow.cells.is_not(None)).limit(PIECE)
        rows = list(view.session.scalars(wanted))
        for each in rows:
            yield _csv_line((str(each.line), each.sentence or "", *(each.cells or ())), delimiter)
        if len(rows) < PIECE:
            return
        after = rows[-1].position
        view.session.expunge_all()  # a long report needs no more memory than a short one


def mappings(view: Reading, kind: str) -> list[Mapping]:
    """Kept arrangements for a kind of record, by name."""
    require_read(view)
    wanted = select(ImportMappingRow).where(ImportMappingRow.kind == kind).order_by(ImportMappingRow.name).limit(MOST)
    return [
        Mapping(
            id=row.id,
            kind=row.kind,
            name=row.name,
            arrangement=arrangement_of(row.arrangement),
            kept_by=row.changed_by,
        )
        for row in view.session.scalars(wanted)
    ]


def own_fields(view: Reading, kind: str) -> list[Field]:
    """The firm's own fields of a kind of record."""
    require_read(view)
    return fields_of(view, ENTITIES[kind]) if kind in ENTITIES else []


def _lines(import_id: str, after: int) -> Select[ImportedRow]:
    mine = (ImportedRow.import_id == import_id) & (ImportedRow.position > after)
    return select(ImportedRow).where(mine).order_by(ImportedRow.position)


def _csv_line(cells: Sequence[str], delimiter: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerow([safe(each) for each in cells])
    return written.getvalue()


def _view(row: ImportRow) -> ImportView:
    return ImportView(
        id=row.id,
        kind=row.kind,
        file_name=row.file_name,
        state=row.state,
        total=row.total,
        done=row.done,
        counts={each: int(row.counts.get(each, 0)) for each in OUTCOMES},
        undone=row.undone,
        kept=row.kept,
        reason=row.reason,
        arrangement=arrangement_of(row.arrangement),
        started_by=row.started_by,
        started_name=row.started_name,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
