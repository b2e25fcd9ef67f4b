"""Papers made from templates: DOCX by docxtpl, PDF by Typst, and filing what a process made."""

import base64
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from documents.filing import AddVersion, FiledDocument, FileDocument, append, file
from documents.intake import Received
from documents.links import DocumentLink
from documents.models import DocumentRow
from documents.types import HEAD
from documents.word import TemplateRefused, clean, render_docx
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import UnitOfWork

__all__ = ["TemplateRefused", "TypesettingTimedOut", "file_paper", "render_docx", "render_docx_apart", "render_pdf"]

TIME = 20  # seconds that typesetting may take
HERE = Path(__file__).parent
LAYOUT = "paper.typ"


class TypesettingTimedOut(Unavailable):
    """Typesetting took too long and was stopped."""

    code = "typesetting_timed_out"


def render_docx_apart(template: bytes, fields: Mapping[str, Any], *, at: datetime) -> bytes:
    """As `render_docx`, in a process of its own: a template that never ends costs 20 seconds and nothing else.

    For templates that do not ship with the product. Raises `TemplateRefused`, `TypesettingTimedOut`.
    """
    order = {"template": base64.b64encode(template).decode(), "fields": clean(fields), "at": at.isoformat()}
    return _apart("wordsetter.py", json.dumps(order, default=_as_text, allow_nan=False), "The Word template is refused")


def _apart(script: str, order: str, refusal: str) -> bytes:
    """What a script beside this module writes for an order. Raises `TemplateRefused`, `TypesettingTimedOut`."""
    command = [sys.executable, "-I", str(HERE / script)]
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}  # templates fetch nothing
    try:
        done = subprocess.run(
            command, input=order.encode(), capture_output=True, timeout=TIME, check=False, env=nowhere
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingTimedOut(f"Typesetting was stopped after {TIME} seconds; look at the template.") from error
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip()[:2000] or "it used too much time or memory"
        raise TemplateRefused(f"{refusal}: {told}")
    return done.stdout


def render_pdf(
    template: str, fields: Mapping[str, Any], *, at: datetime, files: Mapping[str, bytes] | None = None
) -> bytes:
    """The Typst template typeset as PDF/A-2; `#import "/paper.typ": *` gives it `data` and the layout.

    Fields reach the template as data, never as its source. `files` are images and the like, by plain name. A process
    of its own does the work, so a template that never ends costs 20 seconds and nothing else. The same fields and
    time give the same bytes. Raises `TemplateRefused`, `TypesettingTimedOut`.
    """
    known = {LAYOUT: (HERE / LAYOUT).read_bytes()} | dict(files or {})
    order = {
        "template": template,
        "data": json.dumps(clean(fields), default=_as_text, allow_nan=False),
        "at": int(at.timestamp()),
        "files": {Path(name).name: base64.b64encode(content).decode() for name, content in known.items()},
    }
    return _apart("typesetter.py", json.dumps(order), "The PDF template cannot be typeset")


def file_paper(
    unit: UnitOfWork,
    *,
    title: str,
    type: str | None,  # noqa: A002 -- the glossary's word
    content: bytes,
    file_name: str,
    links: tuple[DocumentLink, ...] = (),
    reason: str | None = None,
) -> FiledDocument:
    """Store what a process made and file it in the caller's unit; if the unit fails, the sweeper takes it away."""
    blob = _stored(unit, content)
    order = FileDocument(title=title, type=type, blob=blob, file_name=file_name, links=links, reason=reason)
    return file(unit, order)


def file_version(
    unit: UnitOfWork, *, document_id: str, content: bytes, file_name: str, reason: str | None = None
) -> FiledDocument:
    """Store what a process made anew as the next version of its paper, in the caller's unit; asks for no rights."""
    document = unit.session.get_one(DocumentRow, document_id, with_for_update=True)
    order = AddVersion(
        document_id=document_id, blob=_stored(unit, content), file_name=file_name, reason=reason, expected_version=None
    )
    return append(unit, document, order)


def _stored(unit: UnitOfWork, content: bytes) -> Received:
    ref = unit.port(BlobStore).put(io.BytesIO(content), announce=unit.port(Staging).announce)
    return Received(ref.digest, ref.size, content[:HEAD])


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a template cannot take a {type(value).__name__}")
