"""`obieg documents`: taking over documents from folders."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from core.errors import DomainError, StorageFull, Unavailable
from core.identity import SYSTEM, Actor
from core.records import dataclass
from core.settings import Settings
from documents.intake import Received, receive
from documents.intake_arrivals import FolderFile
from documents.intake_imports import COPY, FILED, KNOWN, ImportFile, taken
from documents.links import DocumentLink
from documents.names import safe_file_name
from webapp.accounts.queries import actor_named
from webapp.bootstrap import Application, opened
from webapp.cli import FINDINGS
from webapp.cli.extraction import extract
from webapp.cli.progress import progress_bar


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder; `mark` tells it from a later one of the same name."""

    path: Path
    name: str
    size: int  # bytes
    mark: str


@click.group()
def documents() -> None:
    """Take over documents, and read them again."""


@documents.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--type", "kind", help="The document type of all files.")
@click.option("--link", "links", multiple=True, metavar="KIND:ID", help="What all files belong to, as crm.customer:ID.")
@click.option("--as", "name", help="The account that files them; the system itself without it.")
@click.option("--copies", is_flag=True, help="File content that is filed already once more.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be filed.")
@click.pass_obj
def import_folder(settings: Settings, /, folder: Path, dry_run: bool, **wishes: Any) -> None:
    """File every file in FOLDER and below it; given again after a break, it goes on where it was."""
    root = folder.resolve()
    source = f"import:{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}"
    files = list(_files(root))
    with opened(settings) as application:
        with application.units.reading(SYSTEM) as view:
            known = taken(view, source)
        left = [each for each in files if (each.name, each.mark) not in known]
        if dry_run:
            click.echo(f"{len(left)} files would be filed, {len(files) - len(left)} were before.")
            return
        outcomes, refused = _file_all(application, left, Wishes(source, **wishes))
    for line in refused:
        click.echo(line, err=True)
    before = len(files) - len(left) + outcomes[KNOWN]
    click.echo(
        f"Filed {outcomes[FILED]}; {outcomes[COPY]} were filed already under another name, {before} in an earlier run; "
        f"{len(refused)} refused."
    )
    if refused:
        raise click.exceptions.Exit(FINDINGS)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What becomes of all files."""

    source: str
    kind: str | None
    links: tuple[str, ...]
    name: str | None
    copies: bool


def _file_all(application: Application, files: list[Found], wishes: Wishes) -> tuple[Counter[str], list[str]]:
    """How many were filed, copies, known; and a line for each that was refused."""
    links = tuple(_link(each) for each in wishes.links)
    actor = _actor(application, wishes.name)
    outcomes, refused = Counter[str](), list[str]()
    total, done = sum(each.size for each in files), 0
    with progress_bar("Filing") as progress:
        for each in files:
            try:
                order = ImportFile(
                    blob=_stored(application, each),
                    file_name=safe_file_name(os.fsencode(each.path.name).decode("utf-8", "replace")),
                    file=FolderFile(source=wishes.source, path=each.name, mark=each.mark),
                    type=wishes.kind,
                    links=links,
                    files_copies=wishes.copies,
                )
                outcomes[application.executor.execute(order, actor=actor)] += 1
            except (Unavailable, StorageFull):
                raise
            except (DomainError, OSError) as error:
                refused.append(f"{each.name}: {error}")
            done += each.size
            progress(done, total)
    return outcomes, refused


def _files(root: Path) -> Iterator[Found]:
    """Plain files in a fixed order; links are not followed, hidden files are left out."""
    for place, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for each in sorted(names):
            path = Path(place) / each
            found = path.lstat()
            if each.startswith(".") or not stat.S_ISREG(found.st_mode):
                continue
            name = os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
            yield Found(path, name, found.st_size, f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}")


def _stored(application: Application, found: Found) -> Received:
    with found.path.open("rb") as file:
        return receive(
            file,
            announced=None,
            limit=application.settings.max_upload,
            store=application.blobs,
            announce=application.staging.announce,
        )


def _actor(application: Application, name: str | None) -> Actor:
    if name is None:
        return SYSTEM
    with application.units.reading(SYSTEM) as view:
        return actor_named(view, name)


def _link(text: str) -> DocumentLink:
    kind, _, key = text.partition(":")
    if not kind or not key:
        raise click.BadParameter(f"{text!r} is no link; write one such as crm.customer:01H…", param_hint="--link")
    return DocumentLink(kind=kind, id=key)


documents.add_command(extract)
