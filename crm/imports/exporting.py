"""Taking records out: ordered, written by a worker as CSV, XLSX or vCard, kept for a week, told in the trail."""

import csv
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import select, update

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import FINANCIAL, PRIVATE, READ, has_kept_rights, kept_rights, require_read, with_kept_rights
from crm.birthdays import birthday
from crm.imports.events import ExportMade
from crm.imports.forgetting import let_go
from crm.imports.models import ExportRow
from crm.imports.reading import safe
from crm.imports.sheets import KINDS, cells, check_choice, columns_of, records
from crm.imports.workbooks import write_workbook
from crm.models import ContactRow, CustomerRow
from crm.runs import Host
from storage.blobs.staging import Staging
from storage.blobs.store import BlobRef, BlobStore
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork

MAKE = "crm.exports.make"
KEPT_FOR = timedelta(days=7)
IN_MEMORY = 8 << 20  # bytes; what is larger is written to disk
FORMATS = {"xlsx": KINDS, "csv": KINDS, "vcard": ("contacts",)}
ENDINGS = {"xlsx": "xlsx", "csv": "csv", "vcard": "vcf", "zip": "zip"}
RIGHTS = (READ, "customer.edit", "offer.edit", "activity.edit", "invoice.edit", "payment.edit", FINANCIAL, PRIVATE)


class ExportNotFound(NotFound):
    """No such export, it is somebody else's, or it has expired."""

    code = "export_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no export {key}, it is somebody else's, or it has expired.", export_id=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExport(Command):
    """Have a worker write the records of a kind (`crm.imports.sheets.KINDS`) that the actor may see.

    `wanted` chooses some of them: customers by `criteria`, documents of sales by state, customer and the like.
    """

    kind: str
    format: str = "csv"
    wanted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndExport(Command):
    """Keep what a worker wrote."""

    quiet: ClassVar[bool] = True
    export_id: str
    blob: BlobRef
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """An export; `state` is waiting, done or expired."""

    id: str
    kind: str
    format: str
    state: str
    rows: int
    size: int | None
    file_name: str
    made_at: datetime
    expires_at: datetime
    wanted: Mapping[str, Any]


@handles(OrderExport, needs=None)
def order_export(command: OrderExport, unit: UnitOfWork) -> str:
    """Its id. Raises `Forbidden`, `InvalidInput`."""
    require_read(unit)
    if command.kind not in FORMATS.get(command.format, ()):
        raise InvalidInput(f"There is no export of {command.kind} as {command.format}.")
    check_choice(unit, command.kind, command.wanted)
    return ordered(unit, command.kind, command.format, wanted=command.wanted, rights=RIGHTS, by=MAKE)


def ordered(
    unit: UnitOfWork, kind: str, form: str, *, wanted: Mapping[str, Any], rights: Sequence[str], by: str
) -> str:
    """Have the job `by` write a file, for whoever has those of the rights now and then; returns the export's id."""
    now = unit.clock.now()
    row = ExportRow(
        id=new_id(),
        kind=kind,
        format=form,
        filter=dict(wanted),
        state="waiting",
        rows=0,
        file_name=f"{kind}-{now:%Y-%m-%d}.{ENDINGS[form]}",
        made_by=unit.actor.id,
        made_name=unit.actor.name,
        rights=kept_rights(unit.actor, rights),
        made_at=now,
        expires_at=now + KEPT_FOR,
    )
    unit.session.add(row)
    unit.enqueue(JobRequest(name=by, arguments={"export_id": row.id}, lock=f"{by}:{row.id}"))
    return row.id


@handles(EndExport, needs=None)
def end_export(command: EndExport, unit: UnitOfWork) -> None:
    """Keep it once; the trail tells who took how many records out."""
    row = unit.session.get(ExportRow, command.export_id, with_for_update=True, populate_existing=True)
    if row is None or row.made_by != unit.actor.id:
        raise ExportNotFound(command.export_id)
    if row.state != "waiting":
        return
    unit.claim(command.blob)
    row.state, row.rows, row.digest, row.size = "done", command.rows, command.blob.digest, command.blob.size
    unit.emit(
        ExportMade(
            export_id=row.id,
            kind=row.kind,
            format=row.format,
            rows=command.rows,
            filter=dict(row.filter),
            digest=command.blob.digest,
        )
    )


@job(MAKE)
def make_export(host: Host, arguments: dict[str, Any]) -> None:
    """Write it with the rights of whoever ordered it."""
    make(host, str(arguments["export_id"]), _write)


def make(host: Host, export_id: str, write: Callable[[Reading, ExportRow, Any], int]) -> None:
    """Have `write` write a file that waits, and keep it; it returns how many records there are."""
    with host.units.reading(SYSTEM) as view:
        row = view.session.get(ExportRow, export_id)
    if row is None or row.state != "waiting":
        return
    actor = with_kept_rights(row.made_by, row.made_name, row.rights)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        with host.units.reading(actor) as view:
            count = write(view, row, file)
            blobs, staging = view.port(BlobStore), view.port(Staging)
        file.seek(0)
        blob = blobs.put(file, announce=staging.announce)
    host.executor.execute(EndExport(export_id=row.id, blob=blob, rows=count), actor=actor)


def exports(view: Reading, *, limit: int = 50) -> list[ExportView]:
    """My newest exports."""
    require_read(view)
    mine = select(ExportRow).where(ExportRow.made_by == view.actor.id)
    return [_view(row) for row in view.session.scalars(mine.order_by(ExportRow.id.desc()).limit(limit))]


def export_content(view: Reading, export_id: str) -> tuple[ExportView, str]:
    """An export that is there to be fetched, and the digest of its content. Raises `ExportNotFound`, `Forbidden`."""
    row = view.session.get(ExportRow, export_id)
    is_there = row is not None and row.made_by == view.actor.id and row.expires_at > view.clock.now()
    if row is None or not is_there or row.digest is None:
        raise ExportNotFound(export_id)
    if not has_kept_rights(view.actor, row.rights):  # it was written with them
        raise Forbidden("This file was made with rights that you no longer have. Order a new one.")
    return _view(row), row.digest


def forget_exports(host: Host) -> int:
    """Let the content of expired exports go; that they were made stays. Returns how many there were."""
    with host.units.begin(SYSTEM) as unit:
        old = (ExportRow.expires_at < unit.clock.now()) & (ExportRow.state == "done")
        digests = list(unit.session.scalars(select(ExportRow.digest).where(old)))
        unit.session.execute(update(ExportRow).where(old).values(state="expired", digest=None))
        for digest in set(digests):
            if unit.session.scalar(select(ExportRow.id).where(ExportRow.digest == digest).limit(1)) is None:
                let_go(unit, str(digest))
        unit.commit()
    return len(digests)


def _write(view: Reading, row: ExportRow, file: Any) -> int:
    """The file, record by record; returns how many there are."""
    if row.format == "vcard":
        return sum(bool(file.write(_card(*each).encode())) for each in records(view, row.kind, row.filter))
    heads, rows = columns_of(row.kind, view.actor), cells(view, row.kind, row.filter)
    if row.format == "xlsx":
        return write_workbook(file, row.kind, heads, rows)
    file.write(("\ufeff" + _line(heads)).encode())
    return sum(bool(file.write(_line([_text(value) for value in each]).encode())) for each in rows)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow([safe(each) for each in cells])
    return out.getvalue()


def _card(row: ContactRow, customer: CustomerRow | None) -> str:
    """A vCard 4.0 (RFC 6350)."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"UID:{_escaped(row.external_reference or row.id)}"]
    lines.append(f"FN:{_escaped(row.name)}")
    born = birthday(row.birth_year, row.birth_day)
    said = {
        "ORG": customer.name if customer else None,
        "TITLE": row.job_title,
        "EMAIL;TYPE=work": row.email,
        "TEL;VALUE=text;TYPE=work": row.phone,
        "TEL;VALUE=text;TYPE=cell": row.mobile,
        "BDAY": born and (born.replace("-", "") if born[0] != "-" else f"--{born[2:].replace('-', '')}"),
    }
    lines += [f"{name}:{_escaped(value)}" for name, value in said.items() if value]
    return "".join(f"{_folded(line)}\r\n" for line in (*lines, "END:VCARD"))


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return escaped.replace("\r\n", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of 75 bytes at most, never within a letter."""
    parts, part = [], ""
    for each in line:
        if len((part + each).encode()) > 74:
            parts.append(part)
            part = ""
        part += each
    return "\r\n ".join([*parts, part])


def _view(row: ExportRow) -> ExportView:
    return ExportView(
        id=row.id,
        kind=row.kind,
        format=row.format,
        state=row.state,
        rows=row.rows,
        size=row.size,
        file_name=row.file_name,
        made_at=row.made_at,
        expires_at=row.expires_at,
        wanted=row.filter,
    )
