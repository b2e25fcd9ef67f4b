"""The job that makes the pages of a batch of letters, its posting book and its labels, and files them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DomainError
from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.company import Company, company
from crm.outbox import words as known
from crm.outbox.batches import PRINT_JOB, Batch, BatchLetter, BatchPapers, NoteBatchFailed, batch, note_printed
from documents.apart import lay_out, work, workbench
from documents.filing import FileDocument, file
from documents.intake import Received
from documents.papers import render_pdf
from documents.templates.labels import draw_labels, sheet_of
from documents.templates.letters import stored
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from webapp.bootstrap import Application

HERE = Path(__file__).parent
SHEET = "3x8-70x37"
JOINING = 300  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePrint(Command):
    """File the pages, the posting book and the labels of a batch."""

    batch_id: str
    number: str
    prints: int
    pages: Received
    book: Received
    labels: Received


@job(PRINT_JOB)
def print_letters(application: Application, arguments: dict[str, Any]) -> None:
    """Make the pages; what stands in the way is kept with the batch."""
    batch_id = str(arguments["batch_id"])
    with application.units.reading(SYSTEM) as view:
        found, all_of_them = batch(view, batch_id)
        own = company(view)
    letters = [each for each in all_of_them if each.state != known.CANCELLED]
    now = application.clock.now()
    try:
        pages = letter_pages(application, own, found, letters)
        book = render_pdf((HERE / "book.typ").read_text(), book_fields(own, found, letters, now.date()), at=now)
        labels = draw_labels([address_of(each.envelope, own.country) for each in letters], sheet_of(SHEET)).content
    except DomainError as error:
        application.executor.execute(NoteBatchFailed(batch_id=batch_id, finding=error.sentence), actor=SYSTEM)
        raise
    command = FilePrint(
        batch_id=batch_id,
        number=found.number,
        prints=found.prints + 1,
        pages=stored(application, SYSTEM, pages),
        book=stored(application, SYSTEM, book),
        labels=stored(application, SYSTEM, labels),
    )
    application.executor.execute(command, actor=SYSTEM)


def letter_pages(application: Application, own: Company, found: Batch, letters: list[BatchLetter]) -> bytes:
    """One PDF: each letter with the PDFs that go with it behind; one without a text is such a PDF alone.

    Raises `BlobMissing`, `FileRefused`, `TemplateRefused`, `WorkTimedOut`.
    """
    now = application.clock.now()
    parts: list[list[BatchLetter] | str] = []
    for each in letters:
        if each.text.strip() or not each.pages:
            if not parts or isinstance(parts[-1], str):
                parts.append([])
            written = parts[-1]
            assert isinstance(written, list)
            written.append(each)
        parts += each.pages
    parts = parts or [[]]  # all of them were taken back
    with workbench() as folder:
        for number, part in enumerate(parts):
            path = folder / f"{number}.pdf"
            if isinstance(part, str):
                lay_out(application.blobs, part, path)
            else:
                fields = letters_fields(own, found, part, now.date())
                path.write_bytes(render_pdf((HERE / "letters.typ").read_text(), fields, at=now))
        if len(parts) == 1:
            return (folder / "0.pdf").read_bytes()
        names = [f"{number}" for number, _ in enumerate(parts, start=1)]
        work("package.join", {"title": f"Letters {found.number}", "names": names}, folder, seconds=JOINING)
        return (folder / "out.pdf").read_bytes()


@handles(FilePrint, needs=known.ADMINISTER)
def file_print(command: FilePrint, unit: UnitOfWork) -> None:
    """The documents belong to whoever looks after the outbox."""
    again = f", print {command.prints}" if command.prints > 1 else ""
    filed = [
        file(unit, FileDocument(title=f"{title} {command.number}{again}", blob=blob, file_name=f"{name}.pdf"))
        for title, name, blob in (
            ("Letters", f"{command.number}-letters", command.pages),
            ("Posting book", f"{command.number}-book", command.book),
            ("Labels", f"{command.number}-labels", command.labels),
        )
    ]
    pages, book, labels = filed
    papers = BatchPapers(pages_id=pages.id, book_id=book.id, labels_id=labels.id, digest=pages.digest)
    note_printed(unit, command.batch_id, papers)


def letters_fields(own: Company, found: Batch, letters: list[BatchLetter], day: Any) -> dict[str, Any]:
    """What the letters show, all of it text."""
    return {
        "company": own.name,
        "head": [each for each in (own.address, own.tax_id and f"NIP / VAT {own.tax_id}") if each],
        "date": day.isoformat(),
        "mark": f"Ponowny wydruk / Reprint {found.prints}" if found.prints else "",
        "letters": [
            {
                "number": f"{found.number}/{each.position}",
                "address": address_of(each.envelope, own.country),
                "subject": each.subject,
                "text": each.text,
                "enclosures": list(each.enclosures),
            }
            for each in letters
        ],
    }


def book_fields(own: Company, found: Batch, letters: list[BatchLetter], day: Any) -> dict[str, Any]:
    """The rows of the posting book."""
    mark = f" (ponowny wydruk / reprint {found.prints})" if found.prints else ""
    return {
        "title": f"Książka nadawcza / Posting book {found.number}{mark}",
        "company": own.name,
        "made": day.isoformat(),
        "rows": [
            [
                str(each.position),
                ", ".join(address_of(each.envelope, own.country)),
                each.subject,
                str(len(each.enclosures)),
                each.tracking_number or "",
            ]
            for each in letters
        ],
    }


def address_of(envelope: dict[str, Any], home: str) -> list[str]:
    """The lines on an envelope; the country only abroad."""
    place = f"{envelope.get('postal_code') or ''} {envelope.get('city') or ''}".strip()
    country = envelope.get("country")
    lines = [envelope.get("name"), envelope.get("person"), envelope.get("street"), place]
    return [str(line) for line in (*lines, country if country != home else None) if line]
