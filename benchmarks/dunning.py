"""The nightly run of dunning: invoices that fall due in one night get their cases.

`cpu_ms` is the processor time that one case takes, of this program and of the database; what 20 000 cases take on two
processors follows from it (`minutes_20000`), whatever else the machine does meanwhile. A second run must start none.
"""

import csv
import io
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks._processor import server_seconds
from benchmarks._telling import telling
from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.profiles import Profile
from crm.queries import customer
from crm.sales.importing import NEEDED, ImportInvoices
from engine.definitions import DeployDefinitions, DeploymentFile
from processes.dunning import PACKAGE
from processes.dunning.nightly import StartDunning, batches, grace_days

INVOICES, QUICK = 1000, 100
CUSTOMERS = 50
NIGHT = 20_000  # invoices of the bar
PROCESSORS = 2


def run(*, quick: bool = False) -> dict[str, float]:
    """The figures of an installation of its own."""
    from webapp.bootstrap import opened

    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), dunning_bank_days=0)
        with opened(settings, migrated=True) as application:
            count = QUICK if quick else INVOICES
            _fill(application, count)
            return _measure(application)


def _fill(application: Any, count: int) -> None:
    files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
    application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
    numbers = []
    for place in range(CUSTOMERS):
        order = CreateCustomer(profile=Profile(name=f"Klient {place}", country="PL", reliability="ABCD"[place % 4]))
        made = application.executor.execute(order, actor=SYSTEM).id
        with application.units.reading(SYSTEM) as view:
            numbers.append(customer(view, made).number)
    due = application.clock.now().date() - timedelta(days=30)
    application.executor.execute(ImportInvoices(content=_csv(numbers, count, due)), actor=SYSTEM)


def _csv(customers: list[str], count: int, due: date) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NEEDED)
    issued = (due - timedelta(days=14)).isoformat()
    for place in range(count):
        writer.writerow((f"B/{place:06}", customers[place % CUSTOMERS], issued, due.isoformat(), "1000.00", "230.00"))
    return text.getvalue().encode()


def _measure(application: Any) -> dict[str, float]:
    with application.units.reading(SYSTEM) as view:
        found = [each for batch in batches(view, grace_days(view)) for each in batch]
    began, ours, theirs = time.monotonic(), time.process_time(), server_seconds(application.database)
    started = 0
    with telling("cases") as progress:
        for place, invoice_id in enumerate(found, 1):
            started += application.executor.execute(StartDunning(invoice_id=invoice_id), actor=SYSTEM) is not None
            progress(place, len(found))
    wall = time.monotonic() - began
    ours, theirs = time.process_time() - ours, server_seconds(application.database) - theirs
    with application.units.reading(SYSTEM) as view:
        again = sum(len(batch) for batch in batches(view, grace_days(view)))
    each = (ours + theirs) / max(started, 1)
    return {
        "cases": started,
        "started_again": again,
        "cpu_ms": round(each * 1000, 2),
        "cpu_ms_database": round(theirs / max(started, 1) * 1000, 2),
        "wall_ms": round(wall / max(started, 1) * 1000, 2),
        "minutes_20000": round(each * NIGHT / PROCESSORS / 60, 1),
    }
