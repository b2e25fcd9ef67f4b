"""Writes all that is held about a person as a ZIP: a page to read, the same as JSON, and the papers that go along."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crm.imports.exporting import make
from crm.imports.models import ExportRow
from crm.privacy.access import JOB
from crm.runs import Host
from storage.blobs.store import CHUNK, BlobStore
from storage.jobs.registry import job
from storage.unit_of_work import Reading
from webapp.pages.formats import words
from webapp.person_file.gathering import PersonFile, person_file

TEMPLATES = Path(__file__).parents[1] / "packs"  # not served: a page inside a pack brings its own style


@job(JOB)
def make_person_file(host: Host, arguments: dict[str, Any]) -> None:
    """Write it with the rights of whoever ordered it."""
    make(host, str(arguments["export_id"]), _write)


def _write(view: Reading, row: ExportRow, file: BinaryIO) -> int:
    """One person; papers are copied piece by piece."""
    found = person_file(view, str(row.filter["contact_id"]))
    blobs = view.port(BlobStore)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("index.html", page(found))
        out.writestr("person.json", orjson.dumps(told(found), option=orjson.OPT_INDENT_2))
        for paper in found.papers:
            if paper.path is None:
                continue
            with blobs.open(paper.digest) as source, out.open(paper.path, "w") as target:
                while piece := source.read(CHUNK):
                    target.write(piece)
    return 1


def page(found: PersonFile) -> str:
    """What a person reads; every value is escaped."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    pages.filters |= {"words": words, "shown": _shown}
    return pages.get_template("person.html").render(file=found)


def _shown(value: Any) -> str:
    """A value as a person reads it; the page escapes it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case Mapping():
            return "; ".join(f"{words(key)}: {_shown(each)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(map(_shown, value))
        case _:
            return str(value)


def told(found: PersonFile) -> dict[str, Any]:
    """What a program reads (article 20)."""
    papers = [{**asdict(each), "path": each.path} for each in found.papers]
    return {
        "about": {"contact_id": found.contact_id, "name": found.name},
        "controller": dict(found.company),
        "made_at": found.made_at,
        "is_whole": found.is_whole,
        "parts": found.parts,
        "documents": papers,
    }
