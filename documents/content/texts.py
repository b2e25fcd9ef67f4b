"""The step that reads the text of a version."""

from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from documents.content.kinds import CONVERTED, is_drawn, reader_of
from documents.content.readers import Text
from documents.content.recognition import is_installed
from documents.content.waiting import JOBS, OCR, PREVIEW, TEXT, Order, Outcome, finish, want
from documents.content.working import Host, has_failed, readers_of, spooled, work_off
from documents.search.indexing import index_documents
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

BATCH = 25
KEEP = """
INSERT INTO document_text (document_id, n, text, layout) VALUES (%s, %s, %s, %s)
ON CONFLICT (document_id, n) DO UPDATE SET text = excluded.text, layout = excluded.layout
"""
NO_OCR = "It holds pictures of pages and no text. Recognising text (OCR) is not installed here."


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one version."""

    outcome: Outcome
    text: Text | None = None


class ReadText:
    """Reads text, and has pictures and recognition done afterwards."""

    name = TEXT
    batch = BATCH
    after: str | None = None

    def do(self, host: Host, order: Order) -> Read:
        """Read one version."""
        if reader_of(order.media_type) is None:
            return Read(Outcome(order=order))
        readers = readers_of(host)
        with spooled(host, order.digest, order.size, readers.limits) as file:
            text = readers.text(file.fileno(), media_type=order.media_type, name=order.file_name)
        if text is None:
            return Read(Outcome(order=order))
        outcome = Outcome(
            order=order,
            finding=NO_OCR if text.wants_ocr and not is_installed() else None,
            pages=text.pages,
            characters=len(text.text),
            is_partial=text.is_partial,
            reader=text.library,
        )
        return Read(outcome, text)

    def failed(self, order: Order, reason: str) -> Read:
        """The text could not be read."""
        return Read(has_failed(order, f"The text could not be read: {reason}."))

    def record(self, unit: UnitOfWork, done: list[Read]) -> None:
        """Keep the texts, index them, and ask for what comes next."""
        now = unit.clock.now()
        kept = [each for each in done if finish(unit, TEXT, each.outcome, now)]
        for each in kept:
            if each.text is not None:
                keep_text(unit, each.outcome.order, each.text.text, each.text.layout)
        index(unit, [each.outcome.order.document_id for each in kept if each.text is not None])
        orders = [each.outcome.order for each in kept]
        drawn = [order for order in orders if is_drawn(order.media_type) or order.media_type in CONVERTED]
        if drawn:
            want(unit, PREVIEW, [(order.document_id, order.n) for order in drawn])
        pictures = [each.outcome.order for each in kept if each.text is not None and each.text.wants_ocr]
        if pictures and is_installed():
            want(unit, OCR, [(order.document_id, order.n) for order in pictures])


def keep_text(unit: UnitOfWork, order: Order, text: str, layout: dict[str, Any] | None = None) -> None:
    """Put the text of a version into the database."""
    shown = None if layout is None else Jsonb(layout)
    unit.driver.execute(KEEP, (order.document_id, order.n, text, shown))


def index(unit: UnitOfWork, document_ids: list[str]) -> None:
    """Have documents found by the text that was just kept."""
    if document_ids:
        index_documents(unit, document_ids)


@job(JOBS[TEXT])
def read_texts(host: Host, arguments: dict[str, Any]) -> None:
    """Read the texts that wait."""
    del arguments
    work_off(host, ReadText())
