"""What a document says of itself: its title, type, fields, number and tags; every change stands in the trail."""

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import DocumentNotFound, lock_visible
from documents.document_types import TypeRetired, defined, require_writable, take_fields, take_number
from documents.events import DocumentChanged
from documents.fields import clean_tags
from documents.happenings import cases_for, facts_of
from documents.locks import require_unlocked
from documents.models import DocumentRow, DocumentTypeRow
from documents.reminders.noting import note_reminders
from documents.states import require_open
from documents.words import words
from storage.unit_of_work import UnitOfWork

MOST_AT_ONCE = 200  # documents of one order
LONGEST_TITLE, LONGEST_TYPE = 250, 100  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDocument(Command):
    """Change what a document says of itself; None leaves a value as it is, an empty text takes it away.

    `fields` replaces all fields; `expected_revision` is the revision that the sender has seen, None for any.
    """

    document_id: str
    title: str | None = None
    type: str | None = None
    fields: Mapping[str, Any] | None = None
    tags: tuple[str, ...] | None = None
    number: str | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDocuments(Command):
    """Add tags to many documents and take others away."""

    document_ids: tuple[str, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class DocumentMoved(Conflict):
    """Somebody else changed the document's description meanwhile."""

    code = "document_moved"

    def __init__(self, document: DocumentRow, expected: int) -> None:
        super().__init__(
            f"“{document.title}” was changed by somebody else meanwhile. Look at it again, then change it.",
            document_id=document.id,
            revision=document.revision,
            expected_revision=expected,
        )


@handles(EditDocument, needs="document.file")
def edit_document(command: EditDocument, unit: UnitOfWork) -> int:
    """The document's revision now. Raises `DocumentMoved`, `DocumentLocked`, `DocumentFinal`, `FieldsRefused`.

    Raises `DocumentNotFound`, `TypeNotWritable` for the type it has or gets, `InvalidInput`.
    """
    document = lock_visible(unit, command.document_id)
    kind = require_writable(unit, document.type)
    require_unlocked(unit, document)
    if command.expected_revision not in (None, document.revision):
        raise DocumentMoved(document, command.expected_revision or 0)
    wanted = _wanted(unit, document, command, kind)
    if wanted.keys() - {"tags"}:
        require_open(document)
    _change(unit, document, wanted)
    return document.revision


@handles(TagDocuments, needs="document.file")
def tag_documents(command: TagDocuments, unit: UnitOfWork) -> int:
    """The number of documents whose tags changed; all or none. Raises what `EditDocument` does, `InvalidInput`."""
    chosen = sorted(set(command.document_ids))  # always in the same order, so that two such orders wait, not block
    if len(chosen) > MOST_AT_ONCE:
        sentence = f"Tag {MOST_AT_ONCE} documents at once at most."
        raise InvalidInput(sentence, fields={"/ids": sentence})
    add, remove = set(clean_tags(command.add)), set(clean_tags(command.remove))
    changed = 0
    for document_id in chosen:
        document = lock_visible(unit, document_id)
        require_writable(unit, document.type)
        before = document.revision
        _change(unit, document, {"tags": clean_tags((set(document.tags) - remove) | add)})
        changed += document.revision != before
    return changed


def set_fields(unit: UnitOfWork, document_id: str, fields: Mapping[str, Any]) -> None:
    """Merge fields into those of a document without asking for rights: for processes. Raises `DocumentNotFound`."""
    document = unit.session.get(DocumentRow, document_id, with_for_update=True, populate_existing=True)
    if document is None:
        raise DocumentNotFound(document_id)
    kind = None if document.type is None else unit.session.get(DocumentTypeRow, document.type)
    _change(unit, document, {"fields": take_fields(unit, kind, {**document.fields, **fields})})


def _wanted(
    unit: UnitOfWork, document: DocumentRow, command: EditDocument, kind: DocumentTypeRow | None
) -> dict[str, Any]:
    """The new values of what the order changes."""
    wanted: dict[str, Any] = {}
    if command.title is not None:
        wanted["title"] = words("title", command.title, LONGEST_TITLE) or document.title
    if command.type is not None and (key := words("type", command.type, LONGEST_TYPE)) != document.type:
        kind = require_writable(unit, key)
        if kind is not None and not kind.is_active:
            raise TypeRetired(kind)
        wanted["type"] = key
    if command.fields is not None:
        wanted["fields"] = take_fields(unit, kind, command.fields)
    elif "type" in wanted and kind is not None and kind.form.get("components"):
        wanted["fields"] = take_fields(unit, kind, document.fields)
    if command.tags is not None:
        wanted["tags"] = clean_tags(command.tags)
    wanted["number"] = _number(unit, document, command, kind, is_retyped="type" in wanted)
    return {name: value for name, value in wanted.items() if getattr(document, name) != value}


def _number(
    unit: UnitOfWork, document: DocumentRow, command: EditDocument, kind: DocumentTypeRow | None, *, is_retyped: bool
) -> str | None:
    """A type that numbers gives its number once, and it stays; else people write one."""
    given = None if command.number is None else command.number.strip()
    if kind is not None and kind.numbering is not None:
        if is_retyped and document.number is None:
            return take_number(unit, kind, given)
        return document.number if given in (None, "", document.number) else take_number(unit, kind, given)
    return document.number if given is None else take_number(unit, kind, given)


def _change(unit: UnitOfWork, document: DocumentRow, wanted: Mapping[str, Any]) -> None:
    changes = {
        name: [getattr(document, name), value] for name, value in wanted.items() if getattr(document, name) != value
    }
    if not changes:
        return
    for name, value in wanted.items():
        setattr(document, name, value)
    document.revision += 1
    if "type" in changes or "fields" in changes:
        kind = defined(unit, document.type)
        note_reminders(unit, document.id, {} if kind is None else kind.form, document.fields, is_new=False)
    for case_id in cases_for(unit, document):
        unit.emit(
            DocumentChanged(**facts_of(unit, document), case_id=case_id, revision=document.revision, changes=changes)
        )
