"""Searching a million documents: one word, two words, filters, phrases, beginnings; for four kinds of people.

Texts have words as frequent as in natural language (`benchmarks._search_texts`); everything is asked through the query
that the page and REST use, with facets and excerpts. Words are drawn by rank: of the twenty most frequent ones to such
as one document in ten thousand has. Beside it the same run reads single entries by their primary key; `ratio` is the
slowest p95 in such reads. The data is kept in `BENCH_SEARCH_DATA` (by default below the folder for temporary files), so
that a second run measures at once and one that was stopped goes on. Beside the time that passes it measures the
processor time of this process and of its server, which says the same on a busy machine as on an idle one.
"""

import gc
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, select, text

from benchmarks._processor import Spent, Stopwatch, summary
from benchmarks._search_data import DISTINCT, fill, fits, size_of
from benchmarks._search_texts import CUSTOMER_COUNT, SMALL, customer_id, sample, vocabulary
from benchmarks._telling import telling
from core.identity import SYSTEM, Actor
from core.settings import Settings
from documents.listing import documents
from documents.search.documents import DocumentSource
from documents.search.indexing import row_of
from documents.search.models import SearchEntryRow
from documents.search.queries import search, suggest
from storage.engine import Database
from storage.schema import migrate
from storage.unit_of_work import UnitFactory
from webapp.bootstrap import opened

DOCUMENTS, QUICK = 1_000_000, 20_000
ROUNDS, QUICK_ROUNDS = 60, 20  # of each measurement; each asks something else
WARM_UP = 3
PAGE, LIST = 20, 50
CHECKED = 200  # documents of which the index is compared to what the product would write
BARS = {"one_word_ms": 200.0, "two_words_ms": 200.0, "filtered_ms": 200.0, "newest_ms": 50.0}
WORK = frozenset({"task.work", "case.start", "document.file"})
READ_ALL = frozenset({"document.read_all", "case.read_all", "customer.read", "customer.finance"})
PEOPLE = {
    "administrator": Actor(id="root", name="A", permissions=READ_ALL),  # everything
    "sales": Actor(id="person7", name="S", permissions=WORK | {"customer.read"}),  # half of all documents
    "few_cases": Actor(id="few", name="F", permissions=WORK),  # one in a thousand
    # one in seventeen, by 20 000 cases
    "many_cases": Actor(id="many", name="M", permissions=WORK, roles=frozenset({"group7"})),
}
BANDS = {"frequent": (0, 20), "common": (20, 300), "rare": (2000, 8000), "rarest": (30_000, 60_000)}
FILTERS: tuple[str, ...] = (
    "type:invoice",
    "state:signed",
    "tag:urgent",
    "year:2017",
    "by:person7",
    "before:2017-06-15",
    'customer:"Customer 1"',
)
Make = Callable[[random.Random], str]


def _word(draw: random.Random, band: str) -> str:
    words = vocabulary()[0]
    return draw.choice(words[slice(*BANDS[band])])


QUESTIONS: dict[str, dict[str, Make]] = {
    "one_word": {band: lambda draw, band=band: _word(draw, band) for band in BANDS}
    | {"absent": lambda draw: f"xq{draw.randrange(10**6)}zz"},
    "two_words": {
        "frequent_frequent": lambda draw: f"{_word(draw, 'frequent')} {_word(draw, 'frequent')}",
        "frequent_rare": lambda draw: f"{_word(draw, 'frequent')} {_word(draw, 'rare')}",
        "common_common": lambda draw: f"{_word(draw, 'common')} {_word(draw, 'common')}",
        "either": lambda draw: f"{_word(draw, 'common')} OR {_word(draw, 'rare')}",
        "without": lambda draw: f"{_word(draw, 'common')} -{_word(draw, 'frequent')}",
    },
    "filtered": {
        "filter_alone": lambda draw: draw.choice(FILTERS),
        "frequent": lambda draw: f"{_word(draw, 'frequent')} {draw.choice(FILTERS)}",
        "common": lambda draw: f"{_word(draw, 'common')} {draw.choice(FILTERS)}",
        "two_filters": lambda draw: f"{_word(draw, 'common')} {draw.choice(FILTERS)} {draw.choice(FILTERS)}",
        "rare": lambda draw: f"{_word(draw, 'rare')} {draw.choice(FILTERS)}",
    },
    "other": {
        "phrase": lambda draw: f'"{_word(draw, "common")} {draw.choice(SMALL.split())}"',
        "beginning": lambda draw: f"{_word(draw, 'common')[:4]}*",
        "title": lambda draw: f"title:{_word(draw, 'common')}",
    },
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure; times are milliseconds."""
    number = QUICK if quick else int(os.environ.get("BENCH_SEARCH_DOCUMENTS", DOCUMENTS))
    kept = os.environ.get("BENCH_SEARCH_DATA") or Path(tempfile.gettempdir()) / f"obieg-bench-search-{number}"
    settings = Settings(data=Path(kept), log_level="WARNING")
    began = time.perf_counter()
    _drop_unfit(settings)
    with opened(settings, migrated=True) as application:
        engine: Engine = application.database.engine
        with telling(f"making {number} documents in {kept}") as progress:
            made = fill(engine, number, progress)
        seconds = time.perf_counter() - began
        differing = _differing(application.units, number)
        figures = measure(application.units, QUICK_ROUNDS if quick else ROUNDS)
        with engine.connect() as connection:
            sizes = {name: connection.execute(text(f"SELECT {each} >> 20")).scalar() for name, each in SIZES.items()}
    return {
        "benchmark": "search",
        "documents": number,
        "distinct_texts": min(number, DISTINCT),
        "data": str(kept),
        "data_mb": size_of(settings.data) >> 20,
        "was_kept": not made,
        "ready_in_seconds": round(seconds, 1),
        **sizes,
        "differing_entries": differing,
        **figures,
    }


SIZES = {
    "table_mb": "pg_total_relation_size('search_entry')",
    "index_mb": "pg_relation_size('ix_search_entry_bucket_rights_terms')",
}


def _drop_unfit(settings: Settings) -> None:
    """What was made for other tables is taken away; only what a run of this benchmark has made."""
    if not (settings.data / "postgres").exists():
        return
    database = Database.open(settings)
    try:
        found = inspect(database.engine)
        is_empty, is_ours = not found.has_table("search_entry"), found.has_table("bench_search_chunk")
        if is_ours:
            migrate(database.engine)  # tables that have only grown since keep what was made
        is_fit = is_empty or fits(database.engine)
    finally:
        database.close()
    if is_fit:
        return
    if not is_ours:
        sentence = f"{settings.data} holds other data than that of this benchmark. Set BENCH_SEARCH_DATA elsewhere."
        raise SystemExit(sentence)
    print(f"{settings.data} was made for other tables; it is made anew", file=sys.stderr)
    shutil.rmtree(settings.data)


def measure(units: UnitFactory, rounds: int) -> dict[str, Any]:
    """Everything for everybody; `by_person` pools the questions of a kind."""
    gc.collect()
    gc.freeze()  # what was imported is not looked through again and again
    found: dict[str, dict[str, list[Spent]]] = {part: {} for part in (*QUESTIONS, "newest", "documents", "suggested")}
    steps, done = len(PEOPLE) * (sum(map(len, QUESTIONS.values())) + 4), 0
    reads: list[Spent] = []
    watch = Stopwatch(units.engine)
    with telling("searching") as progress:

        def timed(act: Callable[[random.Random], object]) -> list[Spent]:
            nonlocal done
            times = _timed(watch, act, rounds)
            done += 1
            progress(done, steps)
            return times

        for who, me in PEOPLE.items():
            reads += timed(_reading(units, me))
            for part, questions in QUESTIONS.items():
                for name, make in questions.items():
                    found[part][f"{who}/{name}"] = timed(_searching(units, me, make))
            found["newest"][who] = timed(_listing(units, me, lambda view: search(view, "", limit=LIST)))
            found["documents"][who] = timed(_listing(units, me, lambda view: documents(view, limit=LIST)))
            found["suggested"][who] = timed(_suggesting(units, me))
    detail = {part: {name: summary(times) for name, times in values.items()} for part, values in found.items()}
    worst = {f"{part}_ms": max(each["p95"] for each in values.values()) for part, values in detail.items()}
    read = summary(reads)
    return {
        "worst_p95": worst,
        "worst_processor_p95": {
            f"{part}_ms": max(each["processor_p95"] for each in values.values()) for part, values in detail.items()
        },
        "bars": BARS,
        "within_bars": all(worst[name] <= bar for name, bar in BARS.items()),
        "read_by_key": read,
        "ratio": {name: round(each / read["p95"], 1) for name, each in worst.items()},
        "by_person": {part: _by_person(values) for part, values in found.items()},
        "detail": detail,
    }


def _by_person(found: dict[str, list[Spent]]) -> dict[str, dict[str, float]]:
    return {
        who: summary([each for name, times in found.items() if name.partition("/")[0] == who for each in times])
        for who in PEOPLE
    }


def _reading(units: UnitFactory, me: Actor) -> Callable[[random.Random], object]:
    """An entry by its primary key: what everything else is compared to."""

    def ask(draw: random.Random) -> object:
        with units.reading(me) as view:
            return view.session.get(SearchEntryRow, ("customer", customer_id(draw.randrange(1, CUSTOMER_COUNT + 1))))

    return ask


def _searching(units: UnitFactory, me: Actor, make: Make) -> Callable[[random.Random], object]:
    def ask(draw: random.Random) -> object:
        with units.reading(me) as view:
            return search(view, make(draw), limit=PAGE)

    return ask


def _suggesting(units: UnitFactory, me: Actor) -> Callable[[random.Random], object]:
    def ask(draw: random.Random) -> object:
        with units.reading(me) as view:
            return suggest(view, _word(draw, "common")[: draw.choice((2, 3, 4))])

    return ask


def _listing(units: UnitFactory, me: Actor, read: Callable[[Any], object]) -> Callable[[random.Random], object]:
    def ask(_draw: random.Random) -> object:
        with units.reading(me) as view:
            return read(view)

    return ask


def _timed(watch: Stopwatch, act: Callable[[random.Random], object], rounds: int) -> list[Spent]:
    draw = random.Random(2026)  # noqa: S311 -- no secret
    times = [watch.spent(lambda: act(draw)) for _ in range(WARM_UP + rounds)]
    return times[WARM_UP:]


def _differing(units: UnitFactory, number: int) -> int:
    """In how many of some documents the generated entry is not what the product writes for the same rows."""
    chosen = random.Random(1).sample(range(1, min(number, DISTINCT) + 1), CHECKED)  # noqa: S311 -- no secret
    ids = [f"01JD{n:022}" for n in chosen]
    row = SearchEntryRow
    query = select(row.subject, row.title, row.facts, row.rights).where(row.kind == "document", row.subject.in_(ids))
    with units.reading(SYSTEM) as view:
        made = {entry.subject: row_of(entry) for entry in DocumentSource().entries(view, ids)}
        kept = {each.subject: [each.title, each.facts, each.rights] for each in view.session.execute(query)}
    generated = {entry.subject: row_of(entry)["terms"] for entry in (sample(n).entry for n in chosen)}
    return sum(
        1
        for key in ids
        if kept.get(key) != [made[key][name] for name in ("title", "facts", "rights")]
        or set(generated[key].split()) != set(made[key]["terms"].split())
    )
