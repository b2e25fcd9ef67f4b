"""Mail merge: one letter to many, made by a worker a batch at a time, which can be stopped and goes on again."""

from dataclasses import field
from typing import Any, ClassVar

from sqlalchemy import func, select

from core.errors import Conflict, InvalidInput, NotFound
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.filing import FileDocument, file
from documents.intake import Received
from documents.links import DocumentLink
from documents.models import DocumentVersionRow
from documents.packages.sources import Source, note_sources
from documents.templates.combined import forget_pdfs
from documents.templates.events import MergeFinished, MergeResumed, MergeStarted, MergeStopped
from documents.templates.models import MailMergeLetterRow, MailMergeRow
from documents.templates.registering import USE, template, variants
from documents.templates.sources import Recipient, chosen
from documents.words import words
from storage.blobs.store import BlobRef
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

MERGE = "documents.merge"
OUTPUTS = ("pdf", "docx")
PURPOSES = ("business", "marketing")
LONGEST = 250  # characters of a title
LONGEST_REASON = 500


class MergeNotFound(NotFound):
    """No such mail merge."""

    code = "merge_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMerge(Command):
    """Write a letter to everybody who fits `wanted`, which is a search or `{"ids": […]}`.

    With the purpose `marketing` nobody gets one who wants none; their letters are refused with the reason.
    """

    title: str
    template_id: str
    wanted: dict[str, Any] = field(default_factory=dict)
    output: str = "pdf"
    type: str | None = None
    purpose: str = "business"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMerge(Command):
    """Leave the rest unwritten for now."""

    merge_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMerge(Command):
    """Go on with those who wait."""

    merge_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLetter:
    """What came of one recipient's letter: content with its words' language, or the sentence that says why not."""

    position: int
    language: str | None = None
    pdf: Received | None = None
    word: Received | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLetters(Command):
    """File what a worker made."""

    quiet: ClassVar[bool] = True
    merge_id: str
    letters: tuple[MadeLetter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishMerge(Command):
    """File all letters in one, and end."""

    quiet: ClassVar[bool] = True
    merge_id: str
    combined: Received | None
    trouble: str | None = None


@handles(StartMerge, needs=USE)
def start_merge(command: StartMerge, unit: UnitOfWork) -> str:
    """Its id. Raises `TemplateNotFound`, `NobodyFound`, `InvalidInput`."""
    found = template(unit, command.template_id)
    others = {each.language or "": {"id": each.id, "n": each.n} for each in variants(unit, found.id)}
    title = words("title", command.title, LONGEST)
    if title is None or command.output not in OUTPUTS:
        raise InvalidInput(
            "A mail merge needs a title, and pdf or docx as its output.", fields={"/title": "is missing"}
        )
    if command.purpose not in PURPOSES:
        sentence = f"The purpose of letters is one of {', '.join(PURPOSES)}."
        raise InvalidInput(sentence, fields={"/purpose": sentence})
    if found.is_retired:
        raise Conflict(f"The template “{found.title}” is not used any more.")
    people = chosen(unit, command.wanted)
    if people[0].kind != found.kind:
        raise InvalidInput(f"The template “{found.title}” does not tell of customers, so it cannot be sent to many.")
    row = MailMergeRow(
        id=new_id(),
        title=title,
        template_id=found.id,
        template_n=found.n,
        variants=others,
        output=command.output,
        type=words("type", command.type, 100),
        purpose=command.purpose,
        state="running",
        total=len(people),
        done=0,
        refused=0,
        combined_id=None,
        reason=None,
        started_by=unit.actor.id,
        started_name=unit.actor.name,
        started_at=unit.clock.now(),
        ended_at=None,
    )
    unit.session.add(row)
    unit.session.flush()  # the letters name it
    unit.session.add_all(_waiting(row.id, position, each) for position, each in enumerate(people, 1))
    unit.enqueue(job_of(row.id))
    unit.emit(
        MergeStarted(
            merge_id=row.id,
            title=title,
            template_id=found.id,
            template_version=found.n,
            recipients=len(people),
            wanted=dict(command.wanted),
            purpose=command.purpose,
            variants=others,
        )
    )
    return row.id


def pinned(row: MailMergeRow, language: str | None) -> tuple[str, int]:
    """Template and version of the letters in a language: the variant that there was at the start, else the first."""
    variant = row.variants.get(language or "")
    return (variant["id"], variant["n"]) if variant else (row.template_id, row.template_n)


def _waiting(merge_id: str, position: int, person: Recipient) -> MailMergeLetterRow:
    return MailMergeLetterRow(
        merge_id=merge_id, position=position, kind=person.kind, target=person.id, name=person.name, state="waiting"
    )


def job_of(merge_id: str) -> JobRequest:
    """The job that writes the letters."""
    return JobRequest(name=MERGE, arguments={"merge_id": merge_id}, lock=f"{MERGE}:{merge_id}")


@handles(StopMerge, needs=USE)
def stop_merge(command: StopMerge, unit: UnitOfWork) -> None:
    """Raises `MergeNotFound`, `Conflict` when it is finished; stopping twice changes nothing."""
    row = _locked(unit, command.merge_id)
    reason = _why(command.reason)
    if row.state == "finished":
        raise Conflict("This mail merge is finished; there is nothing left to stop.")
    if row.state == "running":
        row.state, row.reason, row.ended_at = "stopped", reason, unit.clock.now()
        unit.emit(MergeStopped(merge_id=row.id, done=row.done, reason=reason))


@handles(ResumeMerge, needs=USE)
def resume_merge(command: ResumeMerge, unit: UnitOfWork) -> None:
    """Raises `MergeNotFound`, `Conflict` when it is finished. One that runs has its job enqueued once more."""
    row = _locked(unit, command.merge_id)
    reason = _why(command.reason)
    if row.state == "finished":
        raise Conflict("This mail merge is finished; everybody has a letter or a reason why not.")
    if row.state == "stopped":
        row.state, row.reason, row.ended_at = "running", None, None
        waiting = row.total - row.done - row.refused
        unit.emit(MergeResumed(merge_id=row.id, waiting=waiting, reason=reason))
    unit.enqueue(job_of(row.id))


def _why(text: str) -> str:
    reason = words("reason", text, LONGEST_REASON)
    if reason is None:
        raise InvalidInput("Say why.", fields={"/reason": "is missing"})
    return reason


def _locked(unit: UnitOfWork, merge_id: str) -> MailMergeRow:
    """The merge, for whoever started it and for who may see all documents. Raises `MergeNotFound`."""
    row = unit.session.get(MailMergeRow, merge_id, with_for_update=True, populate_existing=True)
    if row is None or not _is_mine(unit.actor, row):
        raise MergeNotFound(f"There is no mail merge {merge_id}, or it is somebody else's.", merge=merge_id)
    return row


def _is_mine(actor: Actor, row: MailMergeRow) -> bool:
    return row.started_by == actor.id or actor.may("document.read_all")


@handles(FileLetters, needs=USE)
def file_letters(command: FileLetters, unit: UnitOfWork) -> int:
    """How many were filed; those that a worker before us has filed are left as they are."""
    row = _locked(unit, command.merge_id)
    if row.state != "running":
        return 0
    sources = {
        place: _source(unit, *place) for place in {pinned(row, each.language) for each in command.letters if each.pdf}
    }
    filed = 0
    for each in command.letters:
        letter = unit.session.get(MailMergeLetterRow, (row.id, each.position), with_for_update=True)
        if letter is None or letter.state != "waiting":
            continue
        if each.pdf is None:
            letter.state, letter.sentence = "refused", (each.sentence or "")[:2000]
            row.refused += 1
            continue
        _file(unit, row, letter, each, sources[pinned(row, each.language)])
        filed += 1
    row.done += filed
    return filed


def _source(unit: UnitOfWork, template_id: str, n: int) -> Source:
    title = template(unit, template_id).title
    digest = version_of(unit, template_id, n)
    return Source(document_id=template_id, n=n, digest=digest, title=title, purpose="template")


def version_of(view: Reading, document_id: str, n: int) -> str:
    """The digest of a version that is known to be there."""
    return str(view.session.get_one(DocumentVersionRow, (document_id, n)).digest)


def _file(unit: UnitOfWork, row: MailMergeRow, letter: MailMergeLetterRow, made: MadeLetter, source: Source) -> None:
    content = made.word or made.pdf
    assert content is not None
    assert made.pdf is not None
    link = DocumentLink(kind=letter.kind, id=letter.target, role="letter")
    order = FileDocument(
        title=f"{row.title}: {letter.name}"[:LONGEST],
        type=row.type,
        blob=content,
        file_name=f"{row.title} {letter.name}.{row.output}",
        links=(link,),
    )
    filed = file(unit, order)
    note_sources(unit, filed.id, filed.version, [source])
    if made.word is not None:
        unit.claim(BlobRef(made.pdf.digest, made.pdf.size))  # the one with all letters is made of it
    letter.state, letter.document_id, letter.pdf_digest = "filed", filed.id, made.pdf.digest


@handles(FinishMerge, needs=USE)
def finish_merge(command: FinishMerge, unit: UnitOfWork) -> None:
    """End it, unless somebody has stopped it meanwhile."""
    row = _locked(unit, command.merge_id)
    waiting = unit.session.scalar(
        select(func.count()).where(MailMergeLetterRow.merge_id == row.id, MailMergeLetterRow.state == "waiting")
    )
    if row.state != "running" or waiting:
        return
    if command.combined is not None:
        order = FileDocument(
            title=f"{row.title}: all letters"[:LONGEST],
            type=row.type,
            blob=command.combined,
            file_name=f"{row.title}.pdf",
        )
        row.combined_id = file(unit, order).id
    row.state, row.ended_at, row.reason = "finished", unit.clock.now(), command.trouble
    forget_pdfs(unit, MailMergeLetterRow.merge_id == row.id)
    unit.emit(MergeFinished(merge_id=row.id, done=row.done, refused=row.refused, combined_id=row.combined_id))
