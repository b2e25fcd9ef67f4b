"""The history as an event log for process mining: XES (IEEE 1849) and OCEL 2.0 (JSON), written piece by piece."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO
from xml.sax.saxutils import quoteattr

from sqlalchemy import Select, func, literal, select, text, tuple_

from engine.models import InstanceEntityRow, InstanceRow, TokenLogRow
from storage.unit_of_work import Reading

Progress = Callable[[int, int], None]  # instances done, in all
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
CASE = "case"  # the type of the objects that are cases
BATCH = 500  # instances that are in memory at a time
XES_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    '  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>\n'
    '  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>\n'
    '  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>\n'
    '  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>\n'
    '  <extension name="Obieg" prefix="obieg" uri="https://obieg.dev/schema/1.0/obieg.xesext"/>\n'
    '  <global scope="trace"><string key="concept:name" value=""/></global>\n'
    '  <global scope="event"><string key="concept:name" value=""/>'
    '<string key="lifecycle:transition" value="complete"/>'
    '<date key="time:timestamp" value="1970-01-01T00:00:00Z"/></global>\n'
    '  <classifier name="Activity" keys="concept:name lifecycle:transition"/>\n'
)


def write_xes(view: Reading, out: TextIO, progress: Progress, *, definition_key: str | None = None) -> int:
    """One trace per instance, an event where a token came and one where it left; how many events.

    All is read in one state of the database, a batch at a time. `view` must be fresh.
    """
    _in_one_state(view)
    out.write(XES_HEAD)
    written = 0
    for instance, visits, _links in _instances(view, progress, definition_key):
        out.write("  <trace>\n")
        _xes(out, 4, "string", "concept:name", instance.id)
        _xes(out, 4, "string", "obieg:process", instance.definition_key)
        _xes(out, 4, "string", "obieg:state", instance.state)
        for key, value in (("obieg:businessKey", instance.business_key), ("obieg:outcome", instance.outcome)):
            if value is not None:
                _xes(out, 4, "string", key, value)
        for at, transition, visit in _moments(visits):
            out.write("    <event>\n")
            _xes(out, 6, "string", "concept:name", visit.name or visit.element_id)
            _xes(out, 6, "string", "concept:instance", visit.id)
            _xes(out, 6, "string", "lifecycle:transition", transition)
            _xes(out, 6, "date", "time:timestamp", _iso(at))
            _xes(out, 6, "string", "obieg:element", visit.element_id)
            _xes(out, 6, "string", "obieg:type", visit.type)
            if visit.actor is not None and transition != "start":
                _xes(out, 6, "string", "org:resource", visit.actor)
            out.write("    </event>\n")
            written += 1
        out.write("  </trace>\n")
    out.write("</log>\n")
    return written


def write_ocel(view: Reading, out: TextIO, progress: Progress, *, definition_key: str | None = None) -> int:
    """Objects are cases and the records that they are about, events are the elements that tokens left; how many events.

    The parts are read one after the other, in one state of the database and a batch at a time, so the memory that it
    takes depends on the diagrams only. `view` must be fresh.
    """
    _in_one_state(view)
    wanted = _wanted(definition_key)
    entities = select(InstanceEntityRow.entity).where(InstanceEntityRow.instance_id.in_(wanted)).distinct()
    out.write('{"objectTypes":')
    kinds = sorted({CASE, *view.session.scalars(entities)})
    of_case = ("process", "state", "businessKey", "outcome")
    _dump([{"name": each, "attributes": _declared(*of_case) if each == CASE else []} for each in kinds], out)
    out.write(',"eventTypes":')
    names = ("element", "kind", "resource")
    _dump([{"name": each, "attributes": _declared(*names)} for each in _activities(view, wanted)], out)
    out.write(',"objects":[')
    _list(out, _objects(view, definition_key, wanted))
    out.write('],"events":[')
    written = _list(out, _events(view, progress, definition_key))
    out.write("]}\n")
    return written


def _in_one_state(view: Reading) -> None:
    view.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def _wanted(definition_key: str | None) -> Select[str]:
    chosen = select(InstanceRow.id)
    return chosen if definition_key is None else chosen.where(InstanceRow.definition_key == definition_key)


def _dump(value: Any, out: TextIO) -> None:
    json.dump(value, out, ensure_ascii=False)


def _list(out: TextIO, values: Iterator[dict[str, Any]]) -> int:
    written = 0
    for value in values:
        out.write(("," if written else "") + json.dumps(value, ensure_ascii=False))
        written += 1
    return written


def _activity(visit: TokenLogRow) -> str:
    return visit.name or visit.element_id


def _activities(view: Reading, wanted: Select[str]) -> list[str]:
    name = func.coalesce(func.nullif(TokenLogRow.name, ""), TokenLogRow.element_id)
    left = TokenLogRow.left_at.is_not(None)
    return sorted(view.session.scalars(select(name).where(TokenLogRow.instance_id.in_(wanted), left).distinct()))


def _objects(view: Reading, definition_key: str | None, wanted: Select[str]) -> Iterator[dict[str, Any]]:
    for instance, _visits, links in _instances(view, _silent, definition_key, with_visits=False):
        yield _case_object(f"{CASE}:{instance.id}", instance, _related(links))
    place = (InstanceEntityRow.entity, InstanceEntityRow.entity_id)
    told = (InstanceEntityRow.entity == CASE) & InstanceEntityRow.entity_id.in_(wanted)  # a case that is about a case
    linked = select(*place).where(InstanceEntityRow.instance_id.in_(wanted), ~told)
    records = linked.distinct().order_by(*place).limit(BATCH)
    rows = view.session.execute(records).all()
    while rows:
        for entity, identifier in rows:
            yield {"id": f"{entity}:{identifier}", "type": entity, "attributes": [], "relationships": []}
        behind = tuple_(*place) > tuple_(*map(literal, rows[-1]))
        rows = view.session.execute(records.where(behind)).all()


def _events(view: Reading, progress: Progress, definition_key: str | None) -> Iterator[dict[str, Any]]:
    for instance, visits, links in _instances(view, progress, definition_key):
        related = [{"objectId": f"{CASE}:{instance.id}", "qualifier": "case"}, *_related(links)]
        for visit in visits:
            if visit.left_at is not None:
                yield {
                    "id": visit.id,
                    "type": _activity(visit),
                    "time": _iso(visit.left_at),
                    "attributes": _attributes(element=visit.element_id, kind=visit.type, resource=visit.actor),
                    "relationships": related,
                }


def _related(links: list[InstanceEntityRow]) -> list[dict[str, str]]:
    return [{"objectId": f"{link.entity}:{link.entity_id}", "qualifier": link.role} for link in links]


def _silent(done: int, total: int) -> None:
    """Only the events count for the progress."""


def _case_object(identifier: str, instance: InstanceRow, related: list[dict[str, str]]) -> dict[str, Any]:
    """A case; how it ended holds from its end on."""
    began, ended = _iso(instance.started_at), _iso(instance.ended_at or instance.started_at)
    values = (
        ("process", began, instance.definition_key),
        ("state", ended, instance.state),
        ("businessKey", began, instance.business_key),
        ("outcome", ended, instance.outcome),
    )
    attributes = [{"name": name, "time": at, "value": value} for name, at, value in values if value is not None]
    return {"id": identifier, "type": CASE, "attributes": attributes, "relationships": related}


def _declared(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in names]


def _attributes(**values: str | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items() if value is not None]


def _instances(
    view: Reading, progress: Progress, definition_key: str | None, *, with_visits: bool = True
) -> Iterator[tuple[InstanceRow, list[TokenLogRow], list[InstanceEntityRow]]]:
    """Every instance with its history and its records, in the order in which they began."""
    wanted = select(InstanceRow)
    if definition_key is not None:
        wanted = wanted.where(InstanceRow.definition_key == definition_key)
    total = view.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    done, last = 0, ""
    while True:
        rows = view.session.scalars(wanted.where(InstanceRow.id > last).order_by(InstanceRow.id).limit(BATCH)).all()
        if not rows:
            return
        ids = [row.id for row in rows]
        visits = _grouped(view, TokenLogRow, ids, TokenLogRow.id) if with_visits else {}
        links = _grouped(view, InstanceEntityRow, ids, InstanceEntityRow.entity)
        for row in rows:
            yield row, visits.get(row.id, []), links.get(row.id, [])
        done, last = done + len(rows), ids[-1]
        progress(done, total)
        view.session.expunge_all()  # what is written need not stay in memory


def _grouped(view: Reading, kind: Any, ids: list[str], order: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in view.session.scalars(select(kind).where(kind.instance_id.in_(ids)).order_by(kind.instance_id, order)):
        found.setdefault(row.instance_id, []).append(row)
    return found


def _moments(visits: list[TokenLogRow]) -> list[tuple[datetime, str, TokenLogRow]]:
    found = []
    for number, visit in enumerate(visits):
        found.append((visit.entered_at, number, "start", visit))
        if visit.left_at is not None:
            found.append((visit.left_at, number, "ate_abort" if visit.reason else "complete", visit))
    found.sort(key=lambda each: (each[0], each[1]))
    return [(at, transition, visit) for at, _, transition, visit in found]


def _xes(out: TextIO, indent: int, kind: str, key: str, value: str) -> None:
    out.write(f"{' ' * indent}<{kind} key={quoteattr(key)} value={quoteattr(_printable(value))}/>\n")


def _printable(value: str) -> str:
    """Without the characters that XML has no way to write: controls, halves of pairs, and the two that are none."""
    return UNWRITABLE.sub("", value)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
