"""What happened to a document: who did what on which version when, told from the trail to whoever may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import render_template

from audit.queries import Entry, history
from documents import queries
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.telling import Line, tell
from webapp.web import view

ENTRIES = 30  # of one page, before readings that follow one another become one line
READ = "document.read"
PLAIN = frozenset({"document.changed", "document.given_back"})  # whose data tell of nothing but this document


@dataclass(slots=True, kw_only=True)
class Happening:
    """One line: `people` maps names to how often, where several readings are told as one; `since` is the first."""

    line: Line
    versions: list[int]
    people: dict[str, int] = field(default_factory=dict)
    since: datetime

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """What is told beside it; data that could name other documents are the auditors'."""
        return self.line.facts if self.line.type in PLAIN else ()


@blueprint.get("/documents/<document_id>/history")
def document_history(document_id: str) -> str:
    """What happened to it, newest first, a page at a time."""
    with view() as reading:
        found = queries.document(reading, document_id)
        before = asked("before")
        entries = history(
            reading,
            f"document:{document_id}",
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
            limit=ENTRIES,
        )
        known = {each.n for each in queries.versions(reading, document_id)}
    told = happenings(entries.items)
    return render_template(
        "documents/_history_rows.html", document=found, happenings=told, next=entries.next, known=known
    )


def happenings(entries: Iterable[Entry]) -> list[Happening]:
    """Entries as lines: one for what is told in several cases, one for readings that follow one another."""
    seen: set[tuple[str, str, str]] = set()
    single = []
    for each in entries:
        data = {name: value for name, value in each.data.items() if name != "case_id"}
        key = (each.unit, each.type, repr(sorted(data.items())))
        if key not in seen:
            seen.add(key)
            single.append(each)
    told: list[Happening] = []
    for line in tell(single):
        _add(told, line)
    return told


def _add(told: list[Happening], line: Line) -> None:
    versions = [each.version for each in line.documents]
    last = told[-1] if told else None
    if line.type != READ:
        told.append(Happening(line=line, versions=versions, since=line.at))
        return
    if last is None or last.line.type != READ:
        told.append(Happening(line=line, versions=versions, since=line.at))
    else:
        last.versions = sorted({*last.versions, *versions})
        last.since = line.at
    people = told[-1].people
    people[line.actor_name] = people.get(line.actor_name, 0) + 1
