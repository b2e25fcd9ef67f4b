"""What files of imports and exports keep of a person: what it is, and letting it go when the person is erased."""

import json
from collections.abc import Collection

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.records import dataclass
from crm.imports.models import ExportRow, ImportedRow, ImportRow
from storage.models import BlobRow
from storage.unit_of_work import Reading, UnitOfWork

PEOPLE = (  # kinds that name people
    "customers", "contacts", "activities", "offers", "orders", "invoices", "payments", "person",
)  # fmt: skip
OVER = ("finished", "undone")
AGAIN = "A person was erased while it was written. Order it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of an import that may name a person; one that `goes` is let go when the person is erased.

    What is not brought in yet stays: whoever started it decides, and nobody has read it for names.
    """

    import_id: str
    file_name: str
    started_by: str
    goes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenFiles:
    """What was let go: imports without their file, exports without theirs, cells of rows that were refused."""

    imports: list[str]
    exports: int
    rows: int


def files_with(view: Reading, contact_id: str, texts: Collection[str]) -> list[KeptFile]:
    """Files of imports that brought a person in, changed or refused them, and all that are not brought in yet."""
    named = select(ImportedRow.import_id).where(_names(contact_id, texts))
    is_over = ImportRow.state.in_(OVER)
    wanted = ImportRow.digest.is_not(None) & ((is_over & ImportRow.id.in_(named)) | ~is_over)
    rows = view.session.scalars(
        select(ImportRow).where(wanted, ImportRow.kind.in_(PEOPLE)).order_by(ImportRow.id.desc())
    )
    return [
        KeptFile(import_id=row.id, file_name=row.file_name, started_by=row.started_by, goes=row.state in OVER)
        for row in rows
    ]


def kept_exports(view: Reading) -> int:
    """Files of exports that may name somebody and are still there to be fetched."""
    return view.session.scalars(select(func.count()).select_from(ExportRow).where(_is_kept())).one()


def forget_files(unit: UnitOfWork, contact_id: str, texts: Collection[str]) -> ForgottenFiles:
    """Let the files of imports that are over and named the person go, and every export that may name anybody.

    An export is made again within minutes, so nobody looks into it for one name.
    """
    ids = [each.import_id for each in files_with(unit, contact_id, texts) if each.goes]
    cells = unit.session.execute(
        update(ImportedRow).where(_names(contact_id, texts)).values(before=None, cells=None, sentence=None)
    )
    imports = unit.session.scalars(select(ImportRow).where(ImportRow.id.in_(ids)).with_for_update()).all()
    exports = unit.session.scalars(select(ExportRow).where(_is_kept() | _is_waiting()).with_for_update()).all()
    digests = {each for each in (*(row.digest for row in imports), *(row.digest for row in exports)) if each}
    number = sum(each.state == "done" for each in exports)
    for row in imports:
        row.digest = None
    for each in exports:
        is_made = each.state == "done"
        each.state, each.digest = ("expired", None) if is_made else ("refused", None)
        each.sentence = each.sentence if is_made else AGAIN
    unit.session.flush()  # what still names a blob keeps it
    for digest in sorted(digests):
        let_go(unit, digest)
    return ForgottenFiles(imports=ids, exports=number, rows=int(getattr(cells, "rowcount", 0)))


def let_go(unit: UnitOfWork, digest: str) -> None:
    """The sweeper removes what nothing claims; content that is also a document's or another file's stays."""
    try:
        with unit.savepoint():
            unit.session.execute(delete(BlobRow).where(BlobRow.digest == digest))
    except IntegrityError:
        return


def _is_kept() -> ColumnElement[bool]:
    return (ExportRow.state == "done") & ExportRow.kind.in_(PEOPLE)


def _is_waiting() -> ColumnElement[bool]:
    """A worker may be writing it at this moment; it ends without a file."""
    return (ExportRow.state == "waiting") & ExportRow.kind.in_(PEOPLE)


def _names(contact_id: str, texts: Collection[str]) -> ColumnElement[bool]:
    """Rows of files that became the person, or were refused and name them."""
    written = (json.dumps(each, ensure_ascii=False)[1:-1] for each in texts)
    cells = cast(ImportedRow.cells, String)
    named = [cells.icontains(each, autoescape=True) for each in written]
    refused = ImportedRow.cells.is_not(None)
    return or_(ImportedRow.record_id == contact_id, *(refused & each for each in named))
