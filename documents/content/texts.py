"""The step that reads the text of a version."""

import json
from collections.abc import Mapping
from typing import Any

from core.records import dataclass
from documents.content.kinds import CONVERTED, is_drawn, reader_of
from documents.content.readers import Text
from documents.content.recognition import is_installed
from documents.content.waiting import JOBS, OCR, PREVIEW, TEXT, Order, Outcome, finish, want
from documents.content.working import LINGER, Host, has_failed, readers_of, spooled, work_off
from documents.search.indexing import index_documents
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

BATCH = 60
KEEP = """
INSERT INTO document_text (document_id, n, text, layout)
SELECT document_id, n, text, nullif(layout, '')::jsonb
FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[]) AS read (document_id, n, text, layout)
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
        ours = finish(unit, TEXT, [each.outcome for each in done], unit.clock.now())
        kept = [each for each in done if each.outcome.order.version in ours]
        keep_texts(unit, {each.outcome.order: each.text for each in kept if each.text is not None})
        orders = [each.outcome.order for each in kept]
        drawn = [order for order in orders if is_drawn(order.media_type) or order.media_type in CONVERTED]
        if drawn:
            want(unit, PREVIEW, [order.version for order in drawn])
        pictures = [each.outcome.order for each in kept if each.text is not None and each.text.wants_ocr]
        if pictures and is_installed():
            want(unit, OCR, [order.version for order in pictures])


def keep_texts(unit: UnitOfWork, texts: Mapping[Order, Text]) -> None:
    """Put the texts of versions into the database, and have their documents found by them."""
    if not texts:
        return
    layouts = ["" if text.layout is None else json.dumps(text.layout) for text in texts.values()]
    ids, numbers = to_array(order.document_id for order in texts), [order.n for order in texts]
    unit.driver.execute(KEEP, (ids, numbers, to_array(text.text for text in texts.values()), to_array(layouts)))
    index_documents(unit, [order.document_id for order in texts])


@job(JOBS[TEXT])
def read_texts(host: Host, arguments: dict[str, Any]) -> None:
    """Read the texts that wait."""
    del arguments
    work_off(host, ReadText(), linger=LINGER)
