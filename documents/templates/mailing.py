"""The worker behind a mail merge: makes a batch of letters apart, files it, and joins all of them at the end."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.errors import DomainError, NotFound
from core.identity import SYSTEM, Actor
from core.records import dataclass
from documents.apart import FileRefused, WorkTimedOut, lay_out, work, workbench
from documents.hosting import Host
from documents.intake import Received, receive
from documents.orders.making import Customers
from documents.templates.merging import MERGE, FileLetters, FinishMerge, MadeLetter, job_of, pinned, version_of
from documents.templates.models import MailMergeLetterRow, MailMergeRow
from documents.templates.registering import USE, fill_in, template
from documents.templates.sources import MergeFields
from documents.word import TemplateRefused
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.jobs.registry import job
from storage.unit_of_work import Reading

BATCH = 20  # letters that one process apart makes and one transaction files
TURN = 10  # batches until other jobs have their turn
LARGEST = 500 << 20  # bytes of all letters together
JOINING = 180  # seconds


@job(MERGE)
def run_merge(host: Host, arguments: dict[str, Any]) -> None:
    """Write batch after batch, then let other jobs have their turn."""
    merge_id = arguments["merge_id"]
    for _ in range(TURN):
        if not write_batch(host, merge_id):
            return
    with host.units.begin(SYSTEM) as unit:
        unit.enqueue(job_of(merge_id))
        unit.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The version of a template that a letter is made of, and its language."""

    digest: str
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What a worker needs for the next letters."""

    merge: MailMergeRow
    actor: Actor
    waiting: Sequence[MailMergeLetterRow]
    values: Mapping[int, dict[str, Any]]
    refusals: Mapping[int, str]
    languages: Mapping[int, str]  # of their amounts and dates, in the words of `templates`
    templates: Mapping[int, _Words]
    at: datetime


def write_batch(host: Host, merge_id: str) -> bool:
    """Make and file the next letters; with none left, all in one. False when there is nothing more to do."""
    with host.units.reading(SYSTEM) as view:
        merge = view.session.get(MailMergeRow, merge_id)
        blobs, staging = view.port(BlobStore), view.port(Staging)
    if merge is None or merge.state != "running":
        return False
    batch = _next(host, merge)
    if not batch.waiting:
        _finish(host, batch, blobs, staging)
        return False
    made = tuple(_made(batch, blobs, staging))
    host.executor.execute(FileLetters(merge_id=merge_id, letters=made), actor=batch.actor)
    return True


def _next(host: Host, merge: MailMergeRow) -> _Batch:
    """Read as whoever started it: what the start checked stays the bound, and so does how far they reach by now."""
    with host.units.reading(SYSTEM) as view:
        starter = view.port(Customers).actor(view, merge.started_by, None)
    actor = Actor(
        id=merge.started_by,
        name=merge.started_name,
        permissions=frozenset({USE, "customer.read"}),
        limits=starter.limits if starter else (),
    )
    with host.units.reading(actor) as view:
        fields = view.port(MergeFields)
        query = select(MailMergeLetterRow).where(
            MailMergeLetterRow.merge_id == merge.id, MailMergeLetterRow.state == "waiting"
        )
        waiting = list(view.session.scalars(query.order_by(MailMergeLetterRow.position).limit(BATCH)))
        values, refusals = {}, {}
        for each in waiting:
            why = fields.objection(view, each.kind, each.target, merge.purpose)
            if why is not None:
                refusals[each.position] = why
                continue
            try:
                values[each.position] = fields.values_of(view, each.kind, each.target)
            except DomainError as error:
                refusals[each.position] = error.sentence
        languages = {position: fields.language(each) for position, each in values.items()}
        templates = {each: _words(view, merge, each) for each in set(languages.values())}
    return _Batch(
        merge=merge,
        actor=actor,
        waiting=waiting,
        values=values,
        refusals=refusals,
        languages={position: templates[each].language or each for position, each in languages.items()},
        templates={position: templates[each] for position, each in languages.items()},
        at=host.clock.now(),
    )


def _words(view: Reading, merge: MailMergeRow, language: str) -> _Words:
    """What a customer of that language gets; the first template where there is no variant of theirs."""
    template_id, n = pinned(merge, language)
    return _Words(digest=version_of(view, template_id, n), language=template(view, template_id).language)


def _made(batch: _Batch, blobs: BlobStore, staging: Staging) -> list[MadeLetter]:
    made = [MadeLetter(position=position, sentence=told) for position, told in batch.refusals.items()]
    together: dict[_Words, list[int]] = {}
    for position in batch.values:
        together.setdefault(batch.templates[position], []).append(position)
    for words, positions in together.items():
        made += _made_of(words, positions, batch, blobs, staging)
    return made


def _made_of(
    words: _Words, positions: list[int], batch: _Batch, blobs: BlobStore, staging: Staging
) -> Iterator[MadeLetter]:
    with workbench() as folder:
        lay_out(blobs, words.digest, folder / "template.docx")
        records = [batch.values[position] for position in positions]
        try:
            languages = [batch.languages[position] for position in positions]
            told = fill_in(folder, records, batch.merge.title, at=batch.at, languages=languages, pdf=True)
        except (TemplateRefused, WorkTimedOut) as error:
            yield from (MadeLetter(position=position, sentence=error.sentence) for position in positions)
            return
        for number, position in enumerate(positions):
            if told[number] is not None:
                yield MadeLetter(position=position, sentence=told[number])
                continue
            pdf = _stored(folder / f"{number}.pdf", blobs, staging)
            word = _stored(folder / f"{number}.docx", blobs, staging) if batch.merge.output == "docx" else None
            yield MadeLetter(position=position, language=words.language, pdf=pdf, word=word)


def _stored(path: Path, blobs: BlobStore, staging: Staging) -> Received:
    with path.open("rb") as source:
        return receive(source, announced=None, limit=LARGEST, store=blobs, announce=staging.announce)


def _finish(host: Host, batch: _Batch, blobs: BlobStore, staging: Staging) -> None:
    with host.units.reading(SYSTEM) as view:
        query = select(MailMergeLetterRow).where(
            MailMergeLetterRow.merge_id == batch.merge.id,
            MailMergeLetterRow.state == "filed",
            MailMergeLetterRow.pdf_digest.is_not(None),  # one that was destroyed meanwhile has none
        )
        letters = list(view.session.scalars(query.order_by(MailMergeLetterRow.position)))
    combined, trouble = None, None
    if letters:
        try:
            combined = _joined(batch.merge, letters, blobs, staging)
        except (FileRefused, WorkTimedOut, NotFound) as error:
            trouble = error.sentence
    host.executor.execute(FinishMerge(merge_id=batch.merge.id, combined=combined, trouble=trouble), actor=batch.actor)


def _joined(merge: MailMergeRow, letters: Sequence[MailMergeLetterRow], blobs: BlobStore, staging: Staging) -> Received:
    with workbench() as folder:
        for number, each in enumerate(letters):
            assert each.pdf_digest is not None
            lay_out(blobs, each.pdf_digest, folder / f"{number}.pdf")
        order = {"title": merge.title, "names": [each.name for each in letters]}
        work("package.join", order, folder, seconds=JOINING)
        return _stored(folder / "out.pdf", blobs, staging)
