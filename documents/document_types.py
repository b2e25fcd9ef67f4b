"""Types of documents: defining them, and what they ask of whoever files, reads or changes a document."""

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from documents.events import DocumentTypeDefined
from documents.fields import FieldForms, accepted
from documents.json_schemas import form_of
from documents.models import DocumentTypeRow
from documents.numbering import checked_pattern, next_number
from documents.reminders.noting import note_type, reminders_of
from documents.words import words
from storage.orm import Json
from storage.unit_of_work import Reading, UnitOfWork

KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
LONGEST_NAME, LONGEST_DESCRIPTION = 100, 1000  # characters
FIND = b"""
SELECT key, name, description, form, numbering, retention, readers, writers, is_active, revision FROM document_type
WHERE key = $1
"""
DESCRIBED = ("name", "description", "form", "numbering", "retention", "readers", "writers", "is_active")


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineDocumentType(Command):
    """Make a type of documents, or change one.

    `form` is a form-js schema or a JSON Schema of an object; `readers` and `writers` are roles, none means no limit;
    `expected_revision` is None for a new type, else the revision of it that the sender has seen.
    """

    key: str
    name: str
    description: str | None = None
    form: Json = field(default_factory=dict)
    numbering: str | None = None
    retention: str | None = None
    readers: Collection[str] = ()
    writers: Collection[str] = ()
    is_active: bool = True
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """A type as it is defined now."""

    key: str
    name: str
    description: str | None
    form: Json
    numbering: str | None
    retention: str | None
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    is_active: bool
    revision: int

    def may_write(self, roles: Collection[str]) -> bool:
        """Whether somebody with these roles may file and change documents of this type."""
        return not self.writers or not set(self.writers).isdisjoint(roles)


class TypeNotFound(NotFound):
    """No type has this key."""

    code = "document_type_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no document type {key}. Choose one of those that are defined.", type=key)


class TypeMoved(Conflict):
    """The type is there already, or somebody else changed it meanwhile."""

    code = "document_type_moved"

    def __init__(self, row: DocumentTypeRow, expected: int | None) -> None:
        why = "is defined already" if expected is None else f"is at revision {row.revision} by now, not {expected}"
        super().__init__(
            f"The document type {row.key} {why}. Look at it again, then change it.", type=row.key, revision=row.revision
        )


class TypeNotWritable(Forbidden):
    """Only certain roles may file or change documents of this type."""

    code = "document_type_not_writable"

    def __init__(self, row: DocumentTypeRow) -> None:
        named = ", ".join(row.writers)
        super().__init__(
            f"Only {named} may file or change documents of the type “{row.name}”. Ask one of them.",
            type=row.key,
            writers=list(row.writers),
        )


class TypeRetired(Conflict):
    """Nothing new is filed under a type that was put out of use."""

    code = "document_type_retired"

    def __init__(self, row: DocumentTypeRow) -> None:
        super().__init__(f"The document type “{row.name}” is out of use. Choose another.", type=row.key)


@handles(DefineDocumentType, needs="document.administer")
def define_type(command: DefineDocumentType, unit: UnitOfWork) -> int:
    """The type's revision now. Raises `InvalidInput`, `TypeNotFound`, `TypeMoved`."""
    wanted = _checked(command, unit)
    row = unit.session.get(DocumentTypeRow, command.key, with_for_update=True, populate_existing=True)
    if row is None and command.expected_revision is not None:
        raise TypeNotFound(command.key)
    if row is not None and command.expected_revision != row.revision:
        raise TypeMoved(row, command.expected_revision)
    before = {} if row is None else {name: getattr(row, name) for name in DESCRIBED}
    changes = {name: [before.get(name), value] for name, value in wanted.items() if before.get(name) != value}
    if row is None:
        row = DocumentTypeRow(
            key=command.key, revision=1, created_at=unit.clock.now(), created_by=unit.actor.id, **wanted
        )
        unit.session.add(row)
    elif not changes:
        return row.revision
    else:
        row.revision += 1
        for name, value in wanted.items():
            setattr(row, name, value)
    if "form" in changes:
        note_type(unit, row.key, row.form)
    unit.emit(DocumentTypeDefined(key=row.key, name=row.name, revision=row.revision, changes=changes))
    return row.revision


def document_types(view: Reading, *, all_of_them: bool = False) -> list[DocumentType]:
    """The types in use by name, or also those that were put out of use."""
    query = select(DocumentTypeRow).order_by(DocumentTypeRow.name, DocumentTypeRow.key)
    if not all_of_them:
        query = query.where(DocumentTypeRow.is_active)
    return [_view(row) for row in view.session.scalars(query)]


def document_type(view: Reading, key: str) -> DocumentType:
    """One type. Raises `TypeNotFound`."""
    row = view.session.get(DocumentTypeRow, key)
    if row is None:
        raise TypeNotFound(key)
    return _view(row)


def unknown_types(view: Reading, keys: Collection[str]) -> list[str]:
    """Those of the keys that name no type, in order; none where no type is defined at all."""
    known = set(view.session.scalars(select(DocumentTypeRow.key)))
    return sorted(set(keys) - known) if known else []


def defined(unit: UnitOfWork, key: str | None) -> DocumentTypeRow | None:
    """A type to be read, apart from the unit's session; None for a word that names no type."""
    found = [] if key is None else unit.fetch(FIND, key)
    return DocumentTypeRow(**found[0]) if found else None


def require_writable(unit: UnitOfWork, key: str | None, *, is_new: bool = False) -> DocumentTypeRow | None:
    """The type when it is defined and the actor may write its documents; None for a word that names no type.

    Raises `TypeNotWritable`, and for what is filed anew `TypeRetired`.
    """
    row = defined(unit, key)
    if row is None:
        return None
    if row.writers and not unit.actor.is_system and set(row.writers).isdisjoint(unit.actor.roles):
        raise TypeNotWritable(row)
    if is_new and not row.is_active:
        raise TypeRetired(row)
    return row


def take_fields(
    unit: UnitOfWork, row: DocumentTypeRow | None, fields: Mapping[str, Any], *, complete: bool = False
) -> Json:
    """The fields as documents of this type keep them. Raises `FieldsRefused`."""
    if not fields and not complete:
        return {}
    form = {} if row is None else row.form
    return accepted(unit.port(FieldForms), form, fields, now=unit.clock.now(), complete=complete)


def take_number(unit: UnitOfWork, row: DocumentTypeRow | None, given: str | None) -> str | None:
    """The number of a document: the next of its type's, or the given one where its type gives none."""
    if row is None or row.numbering is None:
        return words("number", given, LONGEST_NAME)
    if given and given.strip():
        sentence = f"Documents of the type “{row.name}” are numbered by themselves ({row.numbering}); leave it empty."
        raise InvalidInput(sentence, fields={"/number": sentence})
    here = unit.clock.now().astimezone(ZoneInfo(unit.port(Settings).time_zone))
    return next_number(unit, row.numbering, at=here, document_type=row.key)


def _checked(command: DefineDocumentType, unit: UnitOfWork) -> dict[str, Any]:
    if not KEY.fullmatch(command.key):
        sentence = "A type's key has small letters, digits and underscores, such as framework_contract."
        raise InvalidInput(sentence, fields={"/key": sentence})
    name = words("name", command.name, LONGEST_NAME)
    if name is None:
        raise InvalidInput("Name the document type.", fields={"/name": "A name is needed."})
    return {
        "name": name,
        "description": words("description", command.description, LONGEST_DESCRIPTION),
        "form": _form(command, unit),
        "numbering": checked_pattern(command.numbering),
        "retention": words("retention", command.retention, LONGEST_NAME),
        "readers": _roles("readers", command.readers),
        "writers": _roles("writers", command.writers),
        "is_active": command.is_active,
    }


def _form(command: DefineDocumentType, unit: UnitOfWork) -> Json:
    given = command.form
    if not given:
        return {}
    form = form_of(given) if "properties" in given else {**given, "id": given.get("id") or command.key}
    problems = unit.port(FieldForms).problems({"id": command.key, **form})
    if problems:
        raise InvalidInput(f"The fields cannot be used: {problems[0]}", fields={"/form": " ".join(problems)})
    reminders_of(form)
    return {"id": command.key, **form}


def _roles(name: str, roles: Collection[str]) -> list[str]:
    found = sorted({role.strip() for role in roles if role.strip()})
    for role in found:
        if not KEY.fullmatch(role):
            sentence = f"{role!r} cannot be a role; roles have small letters, digits and underscores."
            raise InvalidInput(sentence, fields={f"/{name}": sentence})
    return found


def _view(row: DocumentTypeRow) -> DocumentType:
    return DocumentType(
        key=row.key,
        name=row.name,
        description=row.description,
        form=row.form,
        numbering=row.numbering,
        retention=row.retention,
        readers=tuple(row.readers),
        writers=tuple(row.writers),
        is_active=row.is_active,
        revision=row.revision,
    )
