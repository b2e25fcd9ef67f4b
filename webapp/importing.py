"""What pages and API do alike with files of records: keeping them, arranging them anew, looking at their first rows."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput
from core.records import dataclass
from crm.imports.arranging import ImportView, import_row, mappings, one_import, own_fields
from crm.imports.batches import ArrangeImport, DraftImport
from crm.imports.fields import RIGHTS, Target, targets
from crm.imports.reading import Form
from crm.imports.taking import Taken
from crm.imports.working import head_of, look_at, opened, preview
from webapp.uploads import ReceivedFile
from webapp.web import application, current_actor, run, view

FORM = ("encoding", "delimiter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An import as its wizard shows it."""

    of: ImportView
    head: tuple[str, ...]
    targets: tuple[Target, ...]
    first: list[Taken]
    trouble: str | None


def keep(kind: str, file: ReceivedFile) -> str:
    """Keep a file that arrived, arranged by our guess; returns the import's id."""
    if kind not in RIGHTS:
        raise InvalidInput(f"Nobody knows records called {kind}. Known are {', '.join(RIGHTS)}.")
    with view() as reading:
        own = own_fields(reading, kind)
    with application().blobs.open(file.blob.digest) as source:
        looked = look_at(source, kind, own)
    made: str = run(
        DraftImport(
            kind=kind, blob=file.blob, file_name=file.file_name, arrangement=looked.arrangement, total=looked.total
        )
    )
    return made


def arrange(import_id: str, changes: dict[str, Any]) -> None:
    """Arrange it as somebody says; another encoding or delimiter has the columns guessed anew."""
    total = None
    with view() as reading:
        row = import_row(reading, import_id)
        own = own_fields(reading, row.kind)
        if "mapping" in changes:
            name = changes.pop("mapping")
            found = next((each for each in mappings(reading, row.kind) if name in (each.id, each.name)), None)
            if found is None:
                raise InvalidInput(f"There is no mapping {name}.", fields={"/mapping": "is unknown"})
            changes = found.arrangement.stored() | changes
    known = row.arrangement
    if known["format"] == "csv" and any(name in changes and changes[name] != known[name] for name in FORM):
        form = Form(**{name: changes.get(name, known[name]) for name in FORM})
        with opened(application().blobs, row) as source:
            looked = look_at(source, row.kind, own, form=form)
        guessed = looked.arrangement.stored()
        changes = {"columns": guessed["columns"], "days": guessed["days"]} | changes
        if len(changes["columns"]) != len(guessed["columns"]):
            changes["columns"] = guessed["columns"]
        total = looked.total
    run(ArrangeImport(import_id=import_id, changes=changes, total=total))


def look(import_id: str) -> Looked:
    """The import with what would come of its first rows."""
    with view() as reading:
        of, row = one_import(reading, import_id), import_row(reading, import_id)
        fields = targets(row.kind, own_fields(reading, row.kind))
    head, first, trouble = head_of(application().blobs, row), list[Taken](), None
    if of.state == "draft":
        try:
            first = preview(application().units, row, current_actor())
        except InvalidInput as error:
            trouble = error.sentence
    return Looked(of=of, head=head, targets=fields, first=first, trouble=trouble)
