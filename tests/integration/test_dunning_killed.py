"""Workers that die in the middle of the nightly run leave no invoice out, and none gets a second case."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from core.clock import SystemClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.profiles import Profile
from crm.queries import customer
from crm.sales.importing import NEEDED, ImportInvoices
from engine.definitions import DeployDefinitions, DeploymentFile
from processes.dunning import PACKAGE
from processes.dunning.nightly import StartDunnings
from webapp.bootstrap import build

INVOICES = 30
INSIDE, BETWEEN = 7, 12  # the case inside whose transaction the first worker dies, and behind which the second one does
PATIENCE = 300  # seconds
WORKER = """
import os, signal, sys
from pathlib import Path
from core.settings import Settings
from engine.handlers import HANDLERS
from storage.jobs.worker import Pace, Worker
from webapp.bootstrap import build

url, data, place, number = sys.argv[1:]
here = build(Settings(database_url=url, data=Path(data), dunning_bank_days=0))
seen = 0

def die_at(told):
    global seen
    seen += told
    if seen == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

if place == "inside":
    read = HANDLERS._functions["dunning.read"]
    def deadly(unit, call):
        die_at(True)
        return read(unit, call)
    HANDLERS._functions["dunning.read"] = deadly
elif place == "between":
    executor = here.executor
    class Deadly:
        def execute(self, command, *, actor):
            done = executor.execute(command, actor=actor)
            die_at(type(command).__name__ == "StartDunning" and done is not None)
            return done
    here.executor = Deadly()
worker = Worker(here.database.engine, here, threads=1, pace=Pace(poll=0.5, heartbeat=0.5, dead_after=3, grace=5))
print("ready", flush=True)
if place == "at all":
    sys.stdin.readline()
    worker.start()
    sys.stdin.readline()
    worker.stop()
    here.close()
else:
    worker.run()
"""
CASES = text("SELECT count(*), count(DISTINCT business_key) FROM instance WHERE definition_key = 'dunning'")
LEFT = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'dunning.start' AND status IN ('todo', 'doing')")


def test_a_night_with_dead_workers_starts_each_case_once(database_url: str, tmp_path: Path) -> None:
    here = build(Settings(database_url=database_url, data=tmp_path / "here", dunning_bank_days=0))
    arguments = [sys.executable, "-c", WORKER, database_url, str(tmp_path / "there")]
    pipe = subprocess.PIPE
    try:
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
        here.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
        made = here.executor.execute(CreateCustomer(profile=Profile(name="Firma", country="PL")), actor=SYSTEM).id
        with here.units.reading(SYSTEM) as view:
            number = customer(view, made).number
        due = SystemClock().now().date() - timedelta(days=40)
        rows = [f"B/{place},{number},{due},{due},1000.00,230.00" for place in range(INVOICES)]
        here.executor.execute(ImportInvoices(content="\n".join((",".join(NEEDED), *rows)).encode()), actor=SYSTEM)
        for _ in range(2):  # somebody begins the night a second time
            assert here.executor.execute(StartDunnings(), actor=SYSTEM) == INVOICES

        for place, at in (("inside", INSIDE), ("between", BETWEEN)):
            victim = subprocess.run([*arguments, place, str(at)], stdout=pipe, text=True, timeout=PATIENCE, check=False)
            assert victim.returncode == -9
        with here.database.engine.connect() as connection:
            begun = connection.execute(CASES).one()
        assert begun[0] == begun[1] == INSIDE - 1 + BETWEEN
        with subprocess.Popen([*arguments, "at all", "0"], stdin=pipe, stdout=pipe, text=True) as last:
            assert last.stdin is not None
            last.stdin.write("go\n")
            last.stdin.flush()
            until = SystemClock().now() + timedelta(seconds=PATIENCE)
            left = 1
            while left and SystemClock().now() < until:
                with here.database.engine.connect() as connection:
                    left = connection.execute(LEFT).scalar_one()
                    connection.execute(text("SELECT pg_sleep(0.2)"))
            last.stdin.write("stop\n")
            last.stdin.flush()
            last.wait(PATIENCE)

        with here.database.engine.connect() as connection:
            assert tuple(connection.execute(CASES).one()) == (INVOICES, INVOICES)
            assert connection.execute(text("SELECT count(*) FROM dunning WHERE is_running")).scalar_one() == INVOICES
        assert left == 0
        assert here.executor.execute(StartDunnings(), actor=SYSTEM) == 0
    finally:
        here.close()
