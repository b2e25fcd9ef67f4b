"""The papers of a message as one set: a ZIP of them at the versions that left, with their digests to check them by."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from flask import Response, send_file

from core.errors import NotFound
from core.identity import Actor
from crm.outbox.ports import Paper
from crm.outbox.queries import message
from documents.names import safe_file_name
from documents.reading import ReadDocument
from storage.blobs.store import CHUNK
from webapp.web import application, current_actor

if TYPE_CHECKING:
    from webapp.bootstrap import Application

DIGESTS = "SHA256SUMS"  # the form that `sha256sum --check` reads


class NoPapers(NotFound):
    """A message without documents has no set of them."""

    code = "message_without_papers"

    def __init__(self, message_id: str) -> None:
        super().__init__("No document goes with this message, so there is nothing to download.", message=message_id)


def write_set(application: Application, actor: Actor, message_id: str, out: BinaryIO) -> None:
    """Write the set; who got which version stands in the trail.

    Raises `MessageNotFound`, `NoPapers`, and `DocumentNotFound` where the actor may not see one of them: a set is
    whole or not given out.
    """
    with application.units.reading(actor) as view:
        papers = message(view, message_id).documents
    if not papers:
        raise NoPapers(message_id)
    for paper in papers:
        application.executor.execute(ReadDocument(document_id=paper.document_id, n=paper.version), actor=actor)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for n, paper in enumerate(papers, 1):
            with application.blobs.open(paper.digest) as source, pack.open(name_of(n, paper), "w") as target:
                while piece := source.read(CHUNK):
                    target.write(piece)
        pack.writestr(DIGESTS, "".join(f"{each.digest}  {name_of(n, each)}\n" for n, each in enumerate(papers, 1)))


def name_of(n: int, paper: Paper) -> str:
    """The name of a paper in its set: two of one name stay two."""
    return f"{n:02} {safe_file_name(paper.file_name)}"


def set_response(message_id: str) -> Response:
    """The set as a file to keep."""
    with ExitStack() as failing:
        file = failing.enter_context(tempfile.TemporaryFile())  # of disk, since it may be large
        write_set(application(), current_actor(), message_id, file)
        failing.pop_all()  # closed when the answer is sent
    file.seek(0)
    return send_file(file, "application/zip", as_attachment=True, download_name=f"papers-{message_id}.zip", max_age=0)
