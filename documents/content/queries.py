"""What was read out of a version, for whoever may see the document."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from core.records import dataclass
from documents.access import VersionNotFound, require_visible
from documents.content.kinds import is_drawn
from documents.content.models import DocumentTextRow, ExtractionRow, RenditionRow
from documents.content.renditions import PDF
from documents.content.waiting import OCR, PREVIEW, TEXT
from documents.models import DocumentVersionRow
from storage.unit_of_work import Reading

SEVERAL = frozenset({"application/pdf", "image/tiff"})  # drawn types of files that have pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a step has come: `state` is waiting, taken, done or failed."""

    state: str
    finding: str | None
    pages: int | None
    characters: int | None
    is_partial: bool
    reader: str | None
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in {"done", "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """Something made of a version to show it, as content to send."""

    kind: str
    page: int
    digest: str
    size: int
    media_type: str
    width: int | None
    height: int | None
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionContent:
    """What is known of a version's content; `text` is None while nobody has read it, or when nothing can."""

    document_id: str
    n: int
    media_type: str
    file_name: str
    size: int
    text: str | None
    layout: dict[str, Any] | None
    steps: Mapping[str, Progress]
    renditions: tuple[Rendition, ...]

    @property
    def finding(self) -> str | None:
        """Why the text is not there, or not all of it."""
        for step in (OCR, TEXT):
            if step in self.steps and self.steps[step].finding:
                if step == TEXT and self.text and OCR in self.steps:
                    continue
                return self.steps[step].finding
        return None

    @property
    def is_waiting(self) -> bool:
        """Whether something is still being read."""
        return any(not self.steps[step].is_over for step in (TEXT, PREVIEW) if step in self.steps)

    def rendition(self, kind: str, page: int = 0) -> Rendition | None:
        """The rendition of that kind and page, if it was made."""
        return next((each for each in self.renditions if (each.kind, each.page) == (kind, page)), None)

    @property
    def pages(self) -> int:
        """Of how many pages pictures can be asked for; 0 where there are none, or nobody has counted them yet."""
        step = TEXT if is_drawn(self.media_type) else PREVIEW if self.pdf else None
        found = self.steps.get(step) if step else None
        counted = (found.pages if found else None) or 0
        return counted if self.media_type in SEVERAL or self.pdf else min(counted, 1)  # frames that move are no pages

    @property
    def pdf(self) -> Rendition | None:
        """The PDF that shows it, where one was made of it."""
        return self.rendition(PDF)


def text_of(view: Reading, document_id: str, n: int) -> str | None:
    """The text of a version; None when nobody has read it yet, or nothing can. Raises `DocumentNotFound`."""
    require_visible(view, document_id)
    found = view.session.get(DocumentTextRow, (document_id, n))
    return None if found is None else found.text


def content(view: Reading, document_id: str, n: int) -> VersionContent:
    """All that is known of a version's content. Raises `DocumentNotFound`, `VersionNotFound`."""
    version = _version(view, document_id, n)
    text = view.session.get(DocumentTextRow, (document_id, n))
    return VersionContent(
        document_id=document_id,
        n=n,
        media_type=version.media_type,
        file_name=version.file_name,
        size=version.size,
        text=None if text is None else text.text,
        layout=None if text is None else text.layout,
        steps=_steps(view, document_id, n),
        renditions=tuple(_rendition(each, version.file_name) for each in _renditions(view, document_id, n)),
    )


def progress(view: Reading, document_id: str, n: int) -> Mapping[str, Progress]:
    """How far the steps have come, without the text. Raises `DocumentNotFound`, `VersionNotFound`."""
    _version(view, document_id, n)
    return _steps(view, document_id, n)


def rendition(view: Reading, document_id: str, n: int, kind: str, page: int = 0) -> Rendition | None:
    """One rendition, None while there is none. Raises `DocumentNotFound`, `VersionNotFound`."""
    version = _version(view, document_id, n)
    found = view.session.get(RenditionRow, (document_id, n, kind, page))
    return None if found is None else _rendition(found, version.file_name)


def stored_texts(view: Reading, versions: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The texts of many versions, without asking for rights: for the index, which has its own."""
    wanted = select(DocumentTextRow.document_id, DocumentTextRow.n, DocumentTextRow.text).where(
        tuple_(DocumentTextRow.document_id, DocumentTextRow.n).in_(list(versions))
    )
    return {(row.document_id, row.n): row.text for row in view.session.execute(wanted)}


def _version(view: Reading, document_id: str, n: int) -> DocumentVersionRow:
    require_visible(view, document_id)
    version = view.session.get(DocumentVersionRow, (document_id, n))
    if version is None:
        raise VersionNotFound(document_id, n)
    return version


def _steps(view: Reading, document_id: str, n: int) -> dict[str, Progress]:
    wanted = select(ExtractionRow).where(ExtractionRow.document_id == document_id, ExtractionRow.n == n)
    return {
        row.step: Progress(
            state=row.state,
            finding=row.finding,
            pages=row.pages,
            characters=row.characters,
            is_partial=row.is_partial,
            reader=row.reader,
            finished_at=row.finished_at,
        )
        for row in view.session.scalars(wanted)
    }


def _renditions(view: Reading, document_id: str, n: int) -> list[RenditionRow]:
    wanted = select(RenditionRow).where(RenditionRow.document_id == document_id, RenditionRow.n == n)
    return list(view.session.scalars(wanted))


def _rendition(row: RenditionRow, file_name: str) -> Rendition:
    ending = ".jpg" if row.media_type == "image/jpeg" else ".pdf"
    return Rendition(
        kind=row.kind,
        page=row.page,
        digest=row.digest,
        size=row.size,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        file_name=file_name.rpartition(".")[0] + ending if "." in file_name else file_name + ending,
    )
