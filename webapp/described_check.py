"""What `obieg audit check` asks of titles, types, numbers, tags and fields: that they are what the trail tells."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError

from audit.content import canonical
from audit.verify import Finding
from storage.unit_of_work import Reading

NAMES = ("title", "type", "number", "tags", "fields")
AT_ONCE = 500  # rows in memory at a time
KEPT = """(SELECT convert_from(kept.content, 'UTF8') FROM audit_personal AS kept
    WHERE kept.commitment = decode(said.content -> 'personal' ->> '{name}', 'hex'))"""
# what the documents say now beside what was told of each, in order; what was erased is null
TOLD = text(f"""SELECT document.id, document.title, document.type, document.number, document.tags, document.fields,
    entry.type, said.content -> 'data' ->> 'document_type', {KEPT.format(name="title")},
    {KEPT.format(name="description")}, {KEPT.format(name="changes")}
FROM document JOIN audit_entry AS entry ON entry.stream = 'document:' || document.id
    AND entry.type IN ('document.filed', 'document.changed')
CROSS JOIN LATERAL (SELECT convert_from(entry.content, 'UTF8')::jsonb AS content) AS said
WHERE document.destroyed_at IS NULL ORDER BY document.id, entry.stream_seq""")  # noqa: S608 -- our own words
UNREADABLE = "An entry that tells of documents was changed and cannot be read, so not all descriptions were compared."


def check_descriptions(view: Reading) -> Iterator[Finding]:
    """Documents that say something else of themselves than the trail does, each with what differs."""
    try:
        with view.session.begin_nested():
            yield from _compared(view)
    except (DataError, ValueError):
        yield Finding(stream="audit:log", seq=None, entry_id=None, problem="changed", sentence=UNREADABLE)


def _compared(view: Reading) -> Iterator[Finding]:
    rows = view.session.execute(TOLD.execution_options(yield_per=AT_ONCE))
    document, said, told = "", {}, {}  # type: str, dict[str, Any], dict[str, Any]
    for key, *values in rows:
        if key != document:
            yield from _differing(document, said, told)
            document, said, told = key, dict(zip(NAMES, values[:5], strict=True)), {}
        _hear(told, *values[5:])
    yield from _differing(document, said, told)


def _hear(told: dict[str, Any], kind: str, type_: str | None, *kept: str | None) -> None:
    """Take in what one entry tells; what it does not tell any more is not known from there on."""
    title, description, changes = (None if each is None else json.loads(each) for each in kept)
    if kind == "document.filed":
        told["type"] = type_
        told.update({} if title is None else {"title": title})
        told.update(description or {})
    elif changes is None:
        told.clear()
    else:
        told.update({name: after for name, (_, after) in changes.items() if name in NAMES})


def _differing(document: str, said: dict[str, Any], told: dict[str, Any]) -> Iterator[Finding]:
    for name in NAMES:
        if name in told and canonical(said[name]) != canonical(told[name]):
            sentence = f"The {name} of the document {document} was changed: it is not what the trail tells."
            yield Finding(stream=f"document:{document}", seq=None, entry_id=None, problem="changed", sentence=sentence)
