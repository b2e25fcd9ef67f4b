"""100 000 customers with 1 000 000 activities: customer search, a customer's file, lists, and a calendar's month.

The rows are made by statements inside the database; everything is read through the queries that the pages and REST use.
Beside it the same run reads single customers by their primary key; `ratio` is the slowest question's p95 in such reads.
"""

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from benchmarks._processor import Spent, Stopwatch, summary
from benchmarks._telling import telling
from core.identity import Actor
from core.settings import Settings
from crm.activities.queries import ActivityFilter, activities
from crm.customer_file.entries import FileFilter, customer_file
from crm.customer_search import Condition, Criteria, find_customers
from crm.models import CustomerRow
from crm.planning.calendar import CalendarFilter, days
from storage.unit_of_work import Reading, UnitFactory
from webapp.bootstrap import opened

CUSTOMERS, QUICK = 100_000, 2_000
EACH = 10  # activities of a customer, on average
PEOPLE = 50
ROUNDS, QUICK_ROUNDS = 40, 10
WARM_UP = 3
BARS = {"search": 100.0, "file": 100.0, "list": 100.0, "calendar": 150.0}  # milliseconds, p95
CUSTOMER = """
INSERT INTO customer (id, number, name, country, currency, reliability, key_account, owner, industry, search_text,
    name_key, created_at, created_by, changed_at, row_version)
SELECT 'C' || lpad(n::text, 25, '0'), 'C-' || lpad(n::text, 7, '0'), 'Firma ' || (array['Młyn', 'Tartak', 'Piekarnia',
    'Hurtownia', 'Warsztat'])[1 + n % 5] || ' ' || n, (array['PL', 'PL', 'PL', 'DE', 'RO'])[1 + n % 5], 'PLN',
    (array['A', 'B', 'C'])[1 + n % 3], n % 100 = 0, 'p' || n % :people, (array['food', 'it', 'metal'])[1 + n % 3],
    'firma ' || (array['mlyn', 'tartak', 'piekarnia', 'hurtownia', 'warsztat'])[1 + n % 5] || ' ' || n,
    'firma ' || (array['mlyn', 'tartak', 'piekarnia', 'hurtownia', 'warsztat'])[1 + n % 5] || ' ' || n,
    timestamptz '2025-01-01' + n * interval '5 minutes', 'x', now(), 1
FROM generate_series(1, :customers) AS n
"""
ADDRESS = """
INSERT INTO customer_address (id, customer_id, position, kind, street, postal_code, city, country, city_key)
SELECT 'A' || substr(id, 2), id, 0, 'registered', 'Polna 1', '00-001',
    'Miasto ' || substr(id, 20)::bigint % 500, country, 'miasto ' || substr(id, 20)::bigint % 500
FROM customer
"""
# the activities of a year; the first customer has as many as a thousand others
ACTIVITY = """
INSERT INTO activity (id, customer_id, employee, method, direction, type, priority, status, state, subject,
    planned_from, planned_to, moment, search_text, created_at, created_by, changed_at, row_version, is_private)
SELECT 'V' || lpad(n::text, 25, '0'),
    'C' || lpad((CASE WHEN n % 100 = 0 THEN 1 ELSE 1 + (n::bigint * 7919) % :customers END)::text, 25, '0'),
    'p' || n % :people, 'phone', 'outgoing', (array['sale', 'complaint', 'consultation'])[1 + n % 3],
    (array['high', 'medium', 'low'])[1 + n % 3], 'planned', 'not_done', 'Rozmowa ' || n, at, at + interval '30 minutes',
    at, 'rozmowa ' || n, at, 'x', at, 1, n % 20 = 0
FROM (SELECT n, timestamptz '2025-07-01' + n * (interval '365 days' / :activities) AS at
    FROM generate_series(1, :activities) AS n) AS drawn
"""
TAKES_PART = """
INSERT INTO activity_participant (activity_id, position, side, account, moment)
SELECT id, 0, 'ours', 'p' || (substr(id, 2)::bigint + 7) % :people, moment FROM activity
WHERE substr(id, 2)::bigint % 2 = 0
"""
FILLING = (CUSTOMER, ADDRESS, ACTIVITY, TAKES_PART)
READER = Actor(
    id="p3", name="p3", permissions=frozenset({"customer.read", "customer.edit", "customer.finance", "case.start"})
)
WEEK = timedelta(days=7)
FIRST = date(2025, 12, 29)  # a Monday
FIVE = {"city": "miasto 7", "country": "PL", "industry": "food", "owner": "p7", "name": "firma"}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure on an installation of its own; times are milliseconds."""
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="WARNING")
        with opened(settings, migrated=True) as application:
            customers = QUICK if quick else CUSTOMERS
            seconds = fill(application.database.engine, customers)
            figures = measure(application.units, application.database.engine, rounds=QUICK_ROUNDS if quick else ROUNDS)
            made = {"customers": customers, "activities": customers * EACH, "generated_in_seconds": round(seconds, 1)}
            return {"benchmark": "crm", **made, **figures}


def fill(engine: Engine, customers: int) -> float:
    """Generate so many customers and what belongs to them; the seconds that it took."""
    began = time.perf_counter()
    numbers = {"customers": customers, "activities": customers * EACH, "people": PEOPLE}
    with telling("making customers and activities") as progress, engine.begin() as connection:
        for done, statement in enumerate(FILLING, start=1):
            used = {name: value for name, value in numbers.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
            progress(done, len(FILLING))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return time.perf_counter() - began


def measure(units: UnitFactory, engine: Engine, *, rounds: int) -> dict[str, Any]:
    """Every question so many times, and single reads beside it."""
    gc.collect()
    gc.freeze()  # what was imported is not looked through again and again
    watch = Stopwatch(engine)
    single: list[Spent] = []
    found: dict[str, dict[str, Any]] = {}
    asked = _questions()
    with telling("reading") as progress:
        for done, (name, question) in enumerate(asked.items(), start=1):
            times = []
            for number in range(rounds + WARM_UP):
                spent = watch.spent(lambda question=question: _ask(units, question))  # type: ignore[misc]
                one = watch.spent(lambda number=number: _ask(units, _single(number)))  # type: ignore[misc]
                if number >= WARM_UP:
                    times.append(spent)
                    single.append(one)
            found[name] = summary(times)
            progress(done, len(asked))
    read = summary(single)
    slowest = {kind: max(each["p95"] for name, each in found.items() if name.startswith(kind)) for kind in BARS}
    return {
        "single_read": read,
        "questions": found,
        "slowest_p95_ms": slowest,
        "ratio": round(max(slowest.values()) / read["p95"], 1),
        "bars_ms": BARS,
        "within_bars": all(slowest[kind] <= bar for kind, bar in BARS.items()),
    }


def _ask(units: UnitFactory, question: Callable[[Reading], object]) -> None:
    with units.reading(READER) as view:
        question(view)


def _single(number: int) -> Callable[[Reading], object]:
    return lambda view: view.session.get(CustomerRow, f"C{number + 1:025}")


def _questions() -> dict[str, Callable[[Reading], object]]:
    conditions = tuple(Condition(field=field, value=value) for field, value in FIVE.items())
    either = Criteria(conditions=conditions, any_of_them=True)
    both = Criteria(conditions=conditions)
    few, many = f"C{2:025}", f"C{1:025}"
    month = CalendarFilter(first=FIRST, last=FIRST + timedelta(weeks=6))
    one, twelve = replace(month, people=("p7",)), replace(month, people=tuple(f"p{number}" for number in range(12)))
    sales, faxes, week = replace(month, type="sale"), replace(month, method="fax"), replace(month, last=FIRST + WEEK)
    return {
        "search, five with AND": lambda view: find_customers(view, both),
        "search, five with OR": lambda view: find_customers(view, either),
        "file of few": lambda view: customer_file(view, few, FileFilter()),
        "file of ten thousand": lambda view: customer_file(view, many, FileFilter()),
        "file of ten thousand, calls": lambda view: customer_file(view, many, FileFilter(kinds=frozenset({"call"}))),
        "list of all": lambda view: activities(view, ActivityFilter()),
        "list of an employee": lambda view: activities(view, ActivityFilter(employee="p7")),
        "list of somebody new": lambda view: activities(view, ActivityFilter(employee="nobody")),
        "list of a customer": lambda view: activities(view, ActivityFilter(customer_id=many)),
        "list of what is late": lambda view: activities(view, ActivityFilter(employee="p7", overdue=True)),
        "calendar of one": lambda view: days(view, one),
        "calendar of twelve": lambda view: days(view, twelve),
        "calendar of all": lambda view: days(view, month),
        "calendar of all, one type": lambda view: days(view, sales),
        "calendar of all, nothing": lambda view: days(view, faxes),
        "calendar of a week": lambda view: days(view, week),
    }
