"""The folder that other programs put files of records into: each file is brought in by the mapping of its folder.

The same look, batches, report and way back as for an import by hand; who looks after them are administrators. A file
can change no more than whoever kept the mapping may change: who writes into the folder has no right by that.
"""

from __future__ import annotations

import io
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from core.clock import SystemClock
from core.errors import Unavailable
from core.identity import SYSTEM, Actor
from crm.imports.arranging import Mapping, mappings, own_fields
from crm.imports.batches import RIGHTS_KEPT, DraftImport, StartImport
from crm.imports.errors import FileUnreadable
from crm.imports.fields import RIGHTS
from crm.imports.models import ImportRow
from crm.imports.reading import LARGEST, Form
from crm.imports.working import look_at
from documents.intake import receive
from documents.names import safe_file_name
from storage.blobs.store import BlobRef
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading
from webapp.accounts.queries import accounts, actor_named
from webapp.bootstrap import Application
from webapp.dropped import MOST, SETTLED, NotTaken, settle, settled_files

TAKE = "crm.imports.take_files"
FOLDER = Actor(
    id="import-folder", name="Import folder", permissions=frozenset({*RIGHTS.values(), *RIGHTS_KEPT, "contact.private"})
)


@job(TAKE, attempts=1)  # the next tick is the next try
def take(application: Application, arguments: dict[str, Any]) -> None:
    """Begin the imports of what was put into the folder."""
    del arguments
    take_records(application)


def import_ticks(application: Application) -> list[Tick]:
    """The look into the folder, where this installation has one."""
    settings = application.settings
    if settings.import_folder is None:
        return []
    return [Tick(name="imports", every_seconds=settings.import_every, action=lambda: _ask(application))]


def take_records(application: Application, *, settled: timedelta = SETTLED) -> int:
    """Begin the import of each file that nobody writes to any more; returns how many files there were."""
    root = application.settings.import_folder
    if root is None:
        return 0
    if not root.is_dir():
        raise Unavailable(f"The folder {root} cannot be read. Make it, or change OBIEG_IMPORT_FOLDER.")
    before, count = SystemClock().now() - settled, 0  # against the clock of the files
    for path in settled_files(root, before):
        settle(root, path, partial(_bring_in, application, root, path), "take_records")
        count += 1
        if count >= MOST:
            break
    return count


def _bring_in(application: Application, root: Path, path: Path, file: BinaryIO) -> None:
    mapping = _mapping(application, root, path)
    status, content = os.fstat(file.fileno()), file.read(LARGEST + 1)
    total = _total(application, mapping, content)
    blob = receive(
        io.BytesIO(content),
        announced=len(content),
        limit=LARGEST,
        store=application.blobs,
        announce=application.staging.announce,
    )
    name = safe_file_name(os.fsencode(path.name).decode("utf-8", "replace"))[:200]
    actor = _folder_of(application, mapping)
    with application.units.reading(FOLDER) as view:
        known = _taken(view, mapping, blob, name, since=datetime.fromtimestamp(status.st_ctime, UTC))
    if known is None:
        order = DraftImport(kind=mapping.kind, blob=blob, file_name=name, arrangement=mapping.arrangement, total=total)
        known = (application.executor.execute(order, actor=actor), "draft")
    import_id, state = known
    if state == "draft":
        application.executor.execute(StartImport(import_id=import_id), actor=actor)


def _mapping(application: Application, root: Path, path: Path) -> Mapping:
    """The kept mapping that the file's folder is called after. Raises `NotTaken`."""
    with application.units.reading(FOLDER) as view:
        kept = {each.name: each for kind in RIGHTS for each in mappings(view, kind)}
    known = ", ".join(sorted(kept)) or "none yet"
    if path.parent == root:
        raise NotTaken(f"Put it into a folder that is called as a kept mapping is. Kept are: {known}.")
    found = kept.get(path.parent.name)
    if found is None:
        raise NotTaken(f"There is no kept mapping {path.parent.name}. Kept are: {known}.")
    return found


def _folder_of(application: Application, mapping: Mapping) -> Actor:
    """The folder with those of its rights that the keeper of the mapping has now. Raises `NotTaken`."""
    if mapping.kept_by == SYSTEM.id:
        return FOLDER
    with application.units.reading(SYSTEM) as view:
        is_there = any(each.name == mapping.kept_by and each.is_active for each in accounts(view))
        keeper = actor_named(view, mapping.kept_by) if is_there else None
    rights = FOLDER.permissions & keeper.permissions if keeper else frozenset[str]()
    if RIGHTS[mapping.kind] not in rights:
        raise NotTaken(
            f"{mapping.kept_by}, who kept the mapping {mapping.name}, may not bring in {mapping.kind}. "
            "Let somebody who may keep it anew."
        )
    return replace(FOLDER, permissions=rights, limits=keeper.limits if keeper else ())


def _total(application: Application, mapping: Mapping, content: bytes) -> int:
    """How many rows there are. Raises `FileUnreadable`, also where the columns cannot be those of the mapping."""
    how = mapping.arrangement
    with application.units.reading(FOLDER) as view:
        own = own_fields(view, mapping.kind)
    form = Form(encoding=how.encoding, delimiter=how.delimiter) if how.format == "csv" else None
    looked = look_at(io.BytesIO(content), mapping.kind, own, form=form)
    if looked.arrangement.format != how.format or len(looked.head) != len(how.columns):
        raise FileUnreadable(
            f"The file has {len(looked.head)} columns, the mapping {mapping.name} {len(how.columns)}. "
            "Bring it in by hand, and keep the mapping anew."
        )
    return looked.total


def _taken(view: Reading, mapping: Mapping, blob: BlobRef, name: str, *, since: datetime) -> tuple[str, str] | None:
    """The import that was begun of this very file by a look that was cut short before it was moved away."""
    same = (ImportRow.started_by == FOLDER.id) & (ImportRow.digest == blob.digest) & (ImportRow.kind == mapping.kind)
    wanted = select(ImportRow.id, ImportRow.state).where(same, ImportRow.file_name == name)
    found = view.session.execute(wanted.where(ImportRow.created_at >= since).order_by(ImportRow.id.desc())).first()
    return (found[0], found[1]) if found else None


def _ask(application: Application) -> None:
    with application.units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name=TAKE, once=TAKE, lock=TAKE))
        unit.commit()
