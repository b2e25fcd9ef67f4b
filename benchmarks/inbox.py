"""The inbox with a million open tasks: first pages, counts, deep pages and every order, for six kinds of people.

A page comes as the inbox shows it, without a total, and as REST answers it, with one (`counted_page`). The tasks are
made by one statement after the other inside the database; everything is read through the queries that the pages and
REST use. Beside it the same run reads single tasks by their primary key; `ratio` is the slowest first page's p95 in
such reads.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from core.identity import Actor
from core.settings import Settings
from engine.inbox import TaskFilter, count_tasks, task_part, tasks
from storage.unit_of_work import UnitFactory
from webapp.bootstrap import opened
from webapp.cli.progress import progress_bar

TASKS, QUICK = 1_000_000, 20_000
CHUNK = 10_000  # tasks of one statement
ROUNDS, QUICK_ROUNDS = 60, 10  # of each measurement
WARM_UP = 3
PAGE = 50
DEPTH = 1000  # pages that lie before the deep one
STRIDE = 500  # rows that are read at once on the way there
BARS = {"first_page_ms": 50.0, "counted_page_ms": 50.0, "count_ms": 200.0}
WORK = frozenset({"task.work", "case.start"})
# skewed draws, independent of one another, but that a fifth of the processes never set a due date
SPREAD = """
INSERT INTO work_item (instance_id, id, definition_id, definition_key, element_id, name, business_key, stage, assignee,
    candidates, priority, created_at, due_at, search)
SELECT substr(upper(md5(n::text)), 1, 26), '01JD' || lpad(n::text, 22, '0'), '01JD' || lpad(kind::text, 22, '0'),
    'process_' || kind, 'step_' || step, 'Step ' || step || ' of process ' || kind, 'case-' || n / 3, 'stage_' || step,
    CASE WHEN taken < 0.35 THEN 'user_' || person END,
    CASE WHEN offer < 0.0005 THEN '{}'
         WHEN offer < 0.105 THEN ARRAY['group:group_0', 'group:group_' || team]
         WHEN offer < 0.2 THEN ARRAY['group:group_' || team, 'user:user_' || person]
         ELSE ARRAY['group:group_' || team] END,
    CASE WHEN offer > 0.98 THEN 90 ELSE 50 END, created,
    CASE WHEN kind % 5 <> 4 AND due < 0.9 THEN created + due * interval '60 days' END,
    jsonb_build_object('customer_name', 'Customer ' || floor(random() * 40000), 'region',
        'region ' || floor(random() * 16), 'net_value', (random() * 100000)::numeric(12, 2), 'offer_number', 'O-' || n)
FROM (SELECT n, floor(power(random(), 2) * 40)::int AS kind, 1 + floor(power(random(), 2) * 399)::int AS team,
        1 + floor(power(random(), 2) * 599)::int AS person, floor(random() * 7)::int AS step, random() AS taken,
        random() AS offer, random() AS due, timestamptz '2026-01-01' + n * interval '4 seconds' AS created
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n) AS drawn
"""
# a person who has little to do: the group of its own and the tasks in it are drawn here
FEW = """
UPDATE work_item SET candidates = ARRAY['group:small'], assignee = CASE WHEN n % 4 = 0 THEN 'few' END
FROM generate_series(1, 40) AS n
WHERE work_item.id = '01JD' || lpad((n * CAST(:step AS bigint))::text, 22, '0')
"""
# a group of which no task has a due date: whoever walks along the due dates meets none of them
UNDATED = """
UPDATE work_item SET candidates = ARRAY['group:archive'] WHERE due_at IS NULL AND definition_key = 'process_4'
"""
OFFERS = """
INSERT INTO task_offer (name, due_at, id, instance_id)
SELECT unnest(CASE candidates WHEN '{}' THEN '{""}' ELSE candidates END), coalesce(due_at, 'infinity'), id, instance_id
FROM work_item
"""
READ = text("SELECT * FROM work_item WHERE instance_id = :instance AND id = :id")


def _person(name: str, *roles: str, permissions: frozenset[str] = WORK) -> Actor:
    return Actor(id=name, name=name, roles=frozenset(roles), permissions=permissions)


PEOPLE = {
    "few_tasks": _person("few", "small"),
    "many_candidates": _person("busy", "group_0"),
    "undated": _person("archivist", "archive"),
    "many_groups": _person("user_7", *(f"group_{number}" for number in range(5, 400, 12))),
    "every_group": _person("user_8", *(f"group_{number}" for number in range(400))),
    "administrator": _person("root", "admin", permissions=WORK | {"case.read_all", "case.administer"}),
}
FILTERS: dict[str, Callable[[Actor], TaskFilter]] = {
    "all": lambda _: TaskFilter(sort="due"),
    "mine": lambda me: TaskFilter(assignee=me.id, sort="due"),
    "groups": lambda _: TaskFilter(unassigned=True, sort="due"),
    "customer": lambda _: TaskFilter(variables={"customer_name": "Customer 7"}, sort="due"),
    "region": lambda _: TaskFilter(variables={"region": "region 3"}, sort="due"),
    "nothing": lambda _: TaskFilter(variables={"customer_name": "nobody"}, sort="due"),
    "process": lambda _: TaskFilter(definition_key="process_30", sort="due"),
    "step": lambda _: TaskFilter(definition_key="process_30", element_id="step_3", unassigned=True, sort="due"),
    "group": lambda _: TaskFilter(candidate_group="group_300", sort="due"),
}
ORDERS = ("due", "-due", "created", "-created", "priority", "-priority", "name", "-name")


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure on an installation of its own; times are milliseconds."""
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="WARNING")
        with opened(settings, migrated=True) as application:
            number = QUICK if quick else TASKS
            engine: Engine = application.database.engine
            seconds = fill(engine, number)
            figures = measure(application.units, rounds=QUICK_ROUNDS if quick else ROUNDS, pages=number // PAGE // 2)
            return {"benchmark": "inbox", "tasks": number, "generated_in_seconds": round(seconds, 1), **figures}


def fill(engine: Engine, number: int) -> float:
    """Generate so many open tasks; the seconds that it took."""
    began = time.perf_counter()
    with progress_bar(f"{number} open tasks") as progress, engine.begin() as connection:
        connection.execute(text("SELECT setseed(0.42)"))
        for first in range(1, number + 1, CHUNK):
            last = min(first + CHUNK - 1, number)
            connection.execute(text(SPREAD), {"first": first, "last": last})
            progress(last, number)
        connection.execute(text(UNDATED))
        connection.execute(text(FEW), {"step": number // 41})
        connection.execute(text(OFFERS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE work_item, task_offer"))
    return time.perf_counter() - began


def measure(units: UnitFactory, *, rounds: int, pages: int) -> dict[str, Any]:
    """Everything for everybody, and what single reads by primary key cost in between."""
    gc.collect()
    gc.freeze()  # what was imported is not looked through again and again
    single = _single_read(units)
    steps = len(PEOPLE) * (3 * len(FILTERS) + len(ORDERS) + 1)
    parts = ("first_page", "counted_page", "count", "order", "deep_page")
    found: dict[str, dict[str, Any]] = {part: {} for part in parts}
    with progress_bar("reading") as progress:
        done = 0

        def timed(part: str, name: str, act: Callable[[], object]) -> None:
            nonlocal done
            found[part][name] = _timed(act, rounds, single)
            done += 1
            progress(done, steps)

        for who, me in PEOPLE.items():
            for name, wanted in FILTERS.items():
                timed("first_page", f"{who}/{name}", _page(units, me, wanted(me)))
                timed("counted_page", f"{who}/{name}", _page(units, me, wanted(me), read=tasks))
                timed("count", f"{who}/{name}", _count(units, me, wanted(me)))
            for sort in ORDERS:
                timed("order", f"{who}/{sort}", _page(units, me, TaskFilter(sort=sort)))
            after = _mark_of(units, me, TaskFilter(sort="due"), min(DEPTH, pages))
            timed("deep_page", f"{who}/due", _page(units, me, TaskFilter(sort="due"), after))
    return _figures(found, single)


def _page(
    units: UnitFactory,
    me: Actor,
    wanted: TaskFilter,
    after: str | None = None,
    read: Callable[..., object] = task_part,
) -> Callable[[], object]:
    def act() -> object:
        with units.reading(me) as view:
            return read(view, wanted, after, PAGE)

    return act


def _count(units: UnitFactory, me: Actor, wanted: TaskFilter) -> Callable[[], object]:
    def read() -> object:
        with units.reading(me) as view:
            return count_tasks(view, wanted)

    return read


def _mark_of(units: UnitFactory, me: Actor, wanted: TaskFilter, pages: int) -> str | None:
    """Where the page begins that so many pages lie before; the last one of a shorter list."""
    after: str | None = None
    for _ in range(max(1, pages * PAGE // STRIDE)):
        with units.reading(me) as view:
            following = task_part(view, wanted, after, STRIDE).next
        if following is None:
            break
        after = following
    return after


class _Single:
    """Reads by primary key, each of another task."""

    def __init__(self, units: UnitFactory, keys: list[dict[str, str]]) -> None:
        self._units, self._keys = units, keys
        self._next = 0
        self.times: list[float] = []

    def __call__(self) -> None:
        self._next = (self._next + 1) % len(self._keys)
        began = time.perf_counter()
        with self._units.reading(PEOPLE["administrator"]) as view:
            view.session.execute(READ, self._keys[self._next]).one()
        self.times.append((time.perf_counter() - began) * 1000)


def _single_read(units: UnitFactory) -> _Single:
    query = text("SELECT instance_id AS instance, id FROM work_item TABLESAMPLE SYSTEM (1) LIMIT 500")
    with units.reading(PEOPLE["administrator"]) as view:
        return _Single(units, [dict(row) for row in view.session.execute(query).mappings()])


def _timed(act: Callable[[], object], rounds: int, single: Callable[[], None]) -> dict[str, float]:
    times = []
    for number in range(WARM_UP + rounds):
        single()
        began = time.perf_counter()
        act()
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    return {"p50": round(statistics.median(times), 2), "p95": round(statistics.quantiles(times, n=20)[-1], 2)}


def _figures(found: dict[str, dict[str, Any]], single: _Single) -> dict[str, Any]:
    worst = {part: max(values.values(), key=lambda each: each["p95"])["p95"] for part, values in found.items()}
    read = statistics.median(single.times)
    within = all(worst[part] <= BARS[f"{part}_ms"] for part in ("first_page", "counted_page", "count"))
    return {
        "first_page_p95_ms": worst["first_page"],
        "counted_page_p95_ms": worst["counted_page"],
        "count_p95_ms": worst["count"],
        "order_p95_ms": worst["order"],
        "deep_page_p95_ms": worst["deep_page"],
        "primary_key_read_p50_ms": round(read, 3),
        "ratio": round(worst["first_page"] / read, 1),
        "bars": BARS,
        "within_bars": within,
        "detail": found,
    }
