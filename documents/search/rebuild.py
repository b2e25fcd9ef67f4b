"""Writing the whole index anew while everybody works: in the order of making, a batch at a time, going on after a stop.

Ids grow with time whatever they name, so all kinds are walked as one list and the newest entries get the highest
numbers. What changes meanwhile writes its own entry as always; a batch that meets it waits for it, or it for the batch.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import delete, func, select, text

from core.identity import SYSTEM
from core.records import dataclass
from documents.search.documents import DocumentSource
from documents.search.indexing import index
from documents.search.models import SearchEntryRow, SearchRebuildRow, SearchWordRow
from documents.search.ports import DOCUMENT, SearchSource, SearchSources
from storage.unit_of_work import UnitFactory, UnitOfWork

ONLY = 1  # the id of the one rebuild that can be under way
BATCH = 200  # entries of one transaction
GONE = text(
    "SELECT kind, subject FROM search_entry WHERE (kind, subject) > (:kind, :subject)"
    " ORDER BY kind, subject LIMIT :most"
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild wrote and took away; `resumed` when it went on with one that was stopped."""

    written: int
    removed: int
    resumed: bool


def rebuild(units: UnitFactory, progress: Progress, *, afresh: bool = False) -> Rebuilt:
    """Write every entry anew, then take away those of what is gone; with `afresh` from the beginning.

    Each batch is one short transaction of some ten statements. Raises `Unavailable`; the next run goes on from there.
    """
    with units.begin(SYSTEM) as unit:
        resumed = _begin(unit, afresh=afresh)
        total = max(unit.session.scalar(select(func.count()).select_from(SearchEntryRow)) or 0, 1)
        unit.commit()
    written = done = 0
    while True:
        with units.begin(SYSTEM) as unit:
            row = unit.session.get_one(SearchRebuildRow, ONLY, with_for_update=True)
            batch = _following(unit, row.reached)
            for kind, several in groupby(batch, key=itemgetter(0)):  # numbers are given in the order of making
                index(unit, kind, [each for _, each in several])
            if batch:
                row.reached, row.done = batch[-1][1], row.done + len(batch)
            done = row.done
            unit.commit()
        written += len(batch)
        progress(done, max(total, done))
        if not batch:
            break
    removed = _remove_gone(units)
    with units.begin(SYSTEM) as unit:
        unit.session.delete(unit.session.get_one(SearchRebuildRow, ONLY))
        unit.commit()
    return Rebuilt(written, removed, resumed)


def _begin(unit: UnitOfWork, *, afresh: bool) -> bool:
    """Whether there was one to go on with."""
    known = unit.session.get(SearchRebuildRow, ONLY, with_for_update=True)
    now: datetime = unit.clock.now()
    if known is None or afresh:
        unit.session.execute(delete(SearchWordRow))  # words of what is gone
    if known is None:
        unit.session.add(SearchRebuildRow(id=ONLY, reached="", done=0, started_at=now))
    elif afresh:
        known.reached, known.done, known.started_at = "", 0, now
    return known is not None and not afresh


def _sources(unit: UnitOfWork) -> dict[str, SearchSource]:
    return {DOCUMENT: DocumentSource(), **unit.port(SearchSources).by_kind}


def _following(unit: UnitOfWork, reached: str) -> list[tuple[str, str]]:
    """The next things of all kinds, by id."""
    found = [(each, kind) for kind, source in _sources(unit).items() for each in source.following(unit, reached, BATCH)]
    return [(kind, each) for each, kind in sorted(found)[:BATCH]]


def _remove_gone(units: UnitFactory) -> int:
    """Look at every entry once more; those whose subject is gone are removed by being written."""
    removed, place = 0, ("", "")
    while True:
        with units.begin(SYSTEM) as unit:
            rows = unit.session.execute(GONE, {"kind": place[0], "subject": place[1], "most": BATCH}).all()
            if not rows:
                return removed
            for kind, source in _sources(unit).items():
                ids = [row.subject for row in rows if row.kind == kind]
                known = {each.subject for each in source.entries(unit, ids)} if ids else set()
                if gone := [each for each in ids if each not in known]:
                    index(unit, kind, gone)
                    removed += len(gone)
            place = (rows[-1].kind, rows[-1].subject)
            unit.commit()
