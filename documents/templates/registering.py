"""Templates: put into force after a check, looked at with sample data, filled in for one record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from documents.apart import lay_out, work, workbench
from documents.content import office
from documents.content.kinds import WORD
from documents.content.readers import CannotRead
from documents.filing import AddVersion, FiledDocument, FileDocument, add_version, file
from documents.hosting import Host
from documents.intake import Received
from documents.links import DocumentLink
from documents.models import DocumentRow, DocumentVersionRow
from documents.templates.events import TemplateAdopted, TemplateRetired
from documents.templates.models import DocumentTemplateRow
from documents.templates.shapes import open_fields, samples
from documents.templates.sources import MergeFields
from documents.templates.writing import MONTHS
from documents.word import TemplateRefused
from documents.words import words
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitOfWork

EDIT, USE = "template.edit", "document.file"  # the rights
LARGEST = 20 << 20  # bytes
TYPE = "template"
LONGEST = 500  # characters of a reason
LANGUAGES = tuple(sorted(MONTHS))  # in which amounts and dates can be written


class TemplateNotFound(NotFound):
    """No such template."""

    code = "template_not_found"


class TemplateHasErrors(InvalidInput):
    """The check found what would go wrong; `details["findings"]` lists place, field and sentence of each."""

    code = "template_has_errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateView:
    """A template in force."""

    id: str
    title: str
    n: int
    digest: str
    kind: str
    fields: tuple[str, ...]
    file_name: str
    checked_at: datetime
    checked_by: str
    is_retired: bool
    language: str | None
    variant_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReport:
    """What a check found; `left_out` is what the PDF that we make ourselves does not show."""

    fields: tuple[str, ...]
    findings: tuple[Mapping[str, str], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptTemplate(Command):
    """Put checked content into force: as a new template, or as the next version of one.

    With `variant_of` it is the same letter as that template, in the `language` of some customers.
    """

    title: str
    kind: str
    blob: Received
    file_name: str
    template_id: str | None = None
    reason: str | None = None
    fields: tuple[str, ...]
    language: str | None = None
    variant_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireTemplate(Command):
    """Have a template used no more."""

    template_id: str
    reason: str


def check(host: Host, kind: str, blob: Received, *, actor: Actor) -> TemplateReport:
    """Read a template apart and say what is wrong with it. Raises `TemplateRefused` for what is no template."""
    with host.units.reading(actor) as view:
        fields, blobs = view.port(MergeFields), view.port(BlobStore)
    if blob.size > LARGEST:
        raise TemplateRefused(f"The template is larger than {LARGEST >> 20} MiB.")
    order = {"catalogue": [each.plain() for each in fields.catalogue(kind)], "language": fields.language()}
    with workbench() as folder:
        lay_out(blobs, blob.digest, folder / "template.docx")
        found = work("template.check", order, folder, refused=TemplateRefused)
        catalogue = fields.catalogue(kind)
        is_open = any(
            each == name or each.startswith(f"{name}.") for name in open_fields(catalogue) for each in found["fields"]
        )
        if not found["findings"] and not is_open:  # what a process has in its data is not known here
            values, language = samples(catalogue), fields.language()
            (refusal,) = fill_in(folder, [values], "template", at=host.clock.now(), languages=[language], pdf=False)
            tried = {"place": "filled in with sample data", "field": "", "sentence": refusal}
            found["findings"] = [] if refusal is None else [tried]
    return TemplateReport(
        fields=tuple(found["fields"]), findings=tuple(found["findings"]), left_out=tuple(found["left_out"])
    )


def adopt(host: Host, command: AdoptTemplate, *, actor: Actor) -> tuple[FiledDocument, TemplateReport]:
    """Check, then put into force. Raises `TemplateHasErrors` with every finding, `TemplateRefused`, `Forbidden`."""
    if not actor.may(EDIT):
        raise Forbidden(f"You do not have the right to do this ({EDIT}).", permission=EDIT)
    report = check(host, command.kind, command.blob, actor=actor)
    if report.findings:
        first = report.findings[0]
        more = f", and {len(report.findings) - 1} more" if len(report.findings) > 1 else ""
        sentence = f"The template has errors: {first['sentence']} ({first['place']}{more})"
        raise TemplateHasErrors(sentence, findings=list(report.findings))
    filed: FiledDocument = host.executor.execute(replace(command, fields=report.fields), actor=actor)
    return filed, report


@handles(AdoptTemplate, needs=EDIT)
def adopt_template(command: AdoptTemplate, unit: UnitOfWork) -> FiledDocument:
    """Raises `TemplateNotFound`, `InvalidInput`."""
    if command.template_id is None:
        _check_variant(command, unit)
        link = DocumentLink(kind="template", id=command.kind, role="template")
        order = FileDocument(
            title=command.title, type=TYPE, blob=command.blob, file_name=command.file_name, links=(link,)
        )
        filed = file(unit, order)
        row = DocumentTemplateRow(
            document_id=filed.id, kind=command.kind, language=command.language, variant_of=command.variant_of
        )
        unit.session.add(row)
    else:
        row = _row(unit, command.template_id, lock=True)
        addition = AddVersion(
            document_id=row.document_id, blob=command.blob, file_name=command.file_name, reason=command.reason
        )
        filed = add_version(addition, unit)
    row.n, row.fields = filed.version, list(command.fields)
    row.checked_at, row.checked_by, row.retired_at = unit.clock.now(), unit.actor.id, None
    facts = _facts(unit, filed.id, filed.version)
    unit.emit(TemplateAdopted(**facts, kind=row.kind, fields=list(command.fields)))
    return filed


def _check_variant(command: AdoptTemplate, unit: UnitOfWork) -> None:
    if command.language is not None and command.language not in LANGUAGES:
        sentence = f"Letters are written in one of these languages: {', '.join(LANGUAGES)}."
        raise InvalidInput(sentence, fields={"/language": sentence})
    if command.variant_of is None:
        return
    first = _row(unit, command.variant_of, lock=True)
    if first.variant_of is not None or first.kind != command.kind or command.language in {None, first.language}:
        sentence = (
            "A variant is in another language than the first template, tells of the same kind, and has none itself."
        )
        raise InvalidInput(sentence, fields={"/language": sentence})
    if _variant(unit, first.document_id, command.language) is not None:
        sentence = f"There is a variant in {command.language} already; add the next version of that one."
        raise InvalidInput(sentence, fields={"/language": sentence})


def _variant(view: Reading, template_id: str, language: str | None) -> DocumentTemplateRow | None:
    row = DocumentTemplateRow
    wanted = select(row).where(row.variant_of == template_id, row.language == language, row.retired_at.is_(None))
    return view.session.scalars(wanted.limit(1)).first()


def variants(view: Reading, template_id: str) -> list[TemplateView]:
    """The same letter in other languages, by language. Raises `Forbidden`."""
    return sorted(
        (each for each in templates(view) if each.variant_of == template_id), key=lambda each: each.language or ""
    )


def in_language(view: Reading, found: TemplateView, language: str) -> TemplateView:
    """The variant in a language, where there is one; else the template itself."""
    row = None if found.language == language else _variant(view, found.id, language)
    return found if row is None else template(view, row.document_id)


@handles(RetireTemplate, needs=EDIT)
def retire_template(command: RetireTemplate, unit: UnitOfWork) -> None:
    """Raises `TemplateNotFound`, `InvalidInput` without a reason; retiring twice changes nothing."""
    row = _row(unit, command.template_id, lock=True)
    reason = words("reason", command.reason, LONGEST)
    if reason is None:
        raise InvalidInput("Say why the template is used no more.", fields={"/reason": "is missing"})
    if row.retired_at is None:
        row.retired_at = unit.clock.now()
        unit.emit(TemplateRetired(**_facts(unit, row.document_id, row.n), reason=reason))


def templates(view: Reading, *, kind: str | None = None, retired: bool = False) -> list[TemplateView]:
    """Those in force by title. Raises `Forbidden`."""
    _require(view)
    query = select(DocumentTemplateRow, DocumentRow, DocumentVersionRow).join(
        DocumentRow, DocumentRow.id == DocumentTemplateRow.document_id
    )
    query = query.join(
        DocumentVersionRow,
        (DocumentVersionRow.document_id == DocumentRow.id) & (DocumentVersionRow.n == DocumentTemplateRow.n),
    )
    if kind is not None:
        query = query.where(DocumentTemplateRow.kind == kind)
    if not retired:
        query = query.where(DocumentTemplateRow.retired_at.is_(None))
    found = view.session.execute(query.order_by(DocumentRow.title, DocumentRow.id))
    return [_view(*each) for each in found]


def template(view: Reading, template_id: str) -> TemplateView:
    """One template. Raises `Forbidden`, `TemplateNotFound`."""
    _require(view)
    row = _row(view, template_id)
    document = view.session.get_one(DocumentRow, row.document_id)
    return _view(row, document, view.session.get_one(DocumentVersionRow, (row.document_id, row.n)))


def filled(
    host: Host, template_id: str, record_id: str | None, *, actor: Actor, pdf: bool = True
) -> tuple[bytes, TemplateView]:
    """The template filled in for a record, or with sample data where none is named; nothing is filed.

    A customer gets the variant in their language; the view that comes with it names what was filled in.

    Raises `TemplateNotFound`, `TemplateRefused`, `Forbidden`, `NotFound`.
    """
    with host.units.reading(actor) as view:
        found = template(view, template_id)
        fields, blobs = view.port(MergeFields), view.port(BlobStore)
        values, language = samples(fields.catalogue(found.kind)), found.language or fields.language()
        if record_id:
            values = fields.values_of(view, found.kind, record_id)
            language = fields.language(values)
            found = in_language(view, found, language)
            language = found.language or language  # nobody writes 5 January into a Polish sentence
    with workbench() as folder:
        lay_out(blobs, found.digest, folder / "template.docx")
        (refusal,) = fill_in(folder, [values], found.title, at=host.clock.now(), languages=[language], pdf=pdf)
        if refusal is not None:
            raise TemplateRefused(refusal)
        return (folder / ("0.pdf" if pdf else "0.docx")).read_bytes(), found


def fill_in(
    folder: Path, records: Sequence[Mapping[str, Any]], title: str, *, at: datetime, languages: Sequence[str], pdf: bool
) -> list[str | None]:
    """Letters `0.docx`, `0.pdf` and so on beside `template.docx`; a sentence for each that was refused.

    Raises `TemplateRefused` where the template itself is the trouble, `WorkTimedOut`.
    """
    by_office = pdf and office.is_installed()
    order: dict[str, Any] = {"records": records, "title": title, "at": at.isoformat(), "languages": languages}
    order["pdf"] = pdf and not by_office
    told: list[str | None] = work(
        "template.fill", order, folder, refused=TemplateRefused, seconds=30 + 2 * len(records)
    )
    for number in range(len(told)) if by_office else ():
        if told[number] is None:
            told[number] = _converted(folder / f"{number}.docx")
    return told


def _converted(letter: Path) -> str | None:
    """Have LibreOffice make the PDF; a sentence where it makes none."""
    try:
        with letter.open("rb") as source:
            letter.with_suffix(".pdf").write_bytes(office.converted(source, WORD))
    except CannotRead as error:
        return f"LibreOffice could not make a PDF of the letter: {error}."
    return None


def _require(view: Reading) -> None:
    if not view.actor.may(USE):
        raise Forbidden(f"You do not have the right to do this ({USE}).", permission=USE)


def _row(view: Reading, template_id: str, *, lock: bool = False) -> DocumentTemplateRow:
    row = view.session.get(DocumentTemplateRow, template_id, with_for_update=True if lock else None)
    if row is None:
        raise TemplateNotFound(f"There is no template {template_id}.", template_id=template_id)
    return row


def _facts(unit: UnitOfWork, document_id: str, n: int) -> dict[str, Any]:
    unit.session.flush()  # the version was just added
    document = unit.session.get_one(DocumentRow, document_id)
    version = unit.session.get_one(DocumentVersionRow, (document_id, n))
    return {
        "document_id": document_id,
        "version": n,
        "digest": version.digest,
        "title": document.title,
        "document_type": document.type,
    }


def _view(row: DocumentTemplateRow, document: DocumentRow, version: DocumentVersionRow) -> TemplateView:
    return TemplateView(
        id=document.id,
        title=document.title,
        n=row.n,
        digest=version.digest,
        kind=row.kind,
        fields=tuple(row.fields),
        file_name=version.file_name,
        checked_at=row.checked_at,
        checked_by=row.checked_by,
        is_retired=row.retired_at is not None,
        language=row.language,
        variant_of=row.variant_of,
    )
