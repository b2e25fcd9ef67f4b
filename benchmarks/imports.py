"""Rows of a file of customers: looked up, checked, compared with their like, entered, told to trail and search.

A CSV file with ten columns in Windows-1250, every customer with address, phone, e-mail and tax number, comes in by the
job of a worker, in one process beside one PostgreSQL, full commits, the trail included. As machines are shared,
`computed_seconds` adds what this process and the database computed: they take turns, so it is what a machine takes that
is not shared. A second time the same file comes in, which changes nothing. Then as many people and
calls come in, each with one of these customers.
"""

import io
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._processor import server_seconds
from core.identity import SYSTEM, Actor
from core.settings import Settings
from crm.imports.batches import DraftImport, StartImport
from crm.imports.models import ImportRow
from crm.imports.working import look_at, run_import
from crm.tax_ids import RULES
from webapp.bootstrap import Application, bring_up_to_date, build

RIGHTS = ("customer.edit", "customer.finance", "customer.read", "contact.private", "activity.edit")
ROWS, QUICK_ROWS = 50_000, 2_000
BARS = {"computed_seconds": 60.0}
WHO = Actor(id="bench", name="Benchmark", permissions=frozenset(RIGHTS))
TRADES = [
    "Młyn",
    "Piekarnia",
    "Tartak",
    "Hurtownia",
    "Zakład",
    "Odlewnia",
    "Drukarnia",
    "Mleczarnia",
    "Cukiernia",
    "Browar",
    "Farbiarnia",
]
PARTS = ["ba", "ko", "mi", "ra", "do", "le", "nu", "sza", "pro", "wi", "sta", "ny", "go", "czy", "te", "ul", "ja", "or"]
CITIES = [
    "Łódź",
    "Kraków",
    "Gdańsk",
    "Poznań",
    "Wrocław",
    "Lublin",
    "Białystok",
    "Rzeszów",
    "Kielce",
    "Toruń",
    "Olsztyn",
    "Opole",
]
HEAD = "Kod;Nazwa;NIP;Ulica;Kod pocztowy;Miasto;Telefon;E-mail;Limit kredytowy;Opiekun"


def run(*, quick: bool) -> dict[str, Any]:
    """Bring the file in twice."""
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        application = build(Settings(data=Path(folder)), owner=True)
        try:
            bring_up_to_date(application, allowed=True)
            content = _file(rows)
            first, again = _bring(application, content), _bring(application, content)
            others = {kind: _bring(application, make(rows), kind) for kind, make in OTHERS.items()}
        finally:
            application.close()
    return {
        "bench": "imports",
        "rows": rows,
        **first,
        "again": again,
        **others,
        "bars": BARS,
        "cores": os.cpu_count(),
    }


def _bring(application: Application, content: bytes, kind: str = "customers") -> dict[str, Any]:
    looked = look_at(io.BytesIO(content), kind)
    blob = application.blobs.put(io.BytesIO(content), announce=application.staging.announce)
    command = DraftImport(
        kind=kind, blob=blob, file_name="bench.csv", arrangement=looked.arrangement, total=looked.total
    )
    made = application.executor.execute(command, actor=WHO)
    application.executor.execute(StartImport(import_id=made), actor=WHO)
    began, mine, database = time.perf_counter(), time.process_time(), server_seconds(application.database)
    while True:
        run_import(application, {"import_id": made})
        with application.units.reading(SYSTEM) as view:
            row = view.session.get_one(ImportRow, made)
            if row.state != "running":
                break
    computed, served = time.process_time() - mine, server_seconds(application.database) - database
    return {
        "outcomes": row.counts,
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": {"program": round(computed, 1), "database": round(served, 1)},
        "computed_seconds": round(computed + served, 1),
    }


def _file(rows: int) -> bytes:
    chance = random.Random(7)  # noqa: S311 -- the same file every time, no secret
    poland, lines, number = RULES["PL"], [HEAD], 100_000_000
    for index in range(rows):
        check = None
        while check is None:
            number += 7
            check = poland.complete(str(number))
        words = "".join(chance.choices(PARTS, k=4)).title(), "".join(chance.choices(PARTS, k=3))
        name = f"{chance.choice(TRADES)} {' '.join(words)}"
        lines.append(
            f"K{index};{name} Sp. z o.o.;{number}{check};Prosta {index % 200};{index % 90 + 10}-001;"
            f"{chance.choice(CITIES)};22 {1000000 + index};biuro@f{index}.example.pl;{index % 50}000,50;ewa"
        )
    return "\n".join(lines).encode("cp1250")


def _people(rows: int) -> bytes:
    lines = ["Id;Customer number;Name;E-mail;Phone"]
    lines += [f"P{n};C-{n % rows + 1:06d};Jan Nowak {n};jan{n}@example.pl;22 {1000000 + n}" for n in range(rows)]
    return "\n".join(lines).encode()


def _calls(rows: int) -> bytes:
    lines = ["Key;Customer number;Contact e-mail;Subject;Method;Direction;Held from"]
    lines += [
        f"A{n};C-{n % rows + 1:06d};jan{n}@example.pl;Rozmowa {n};phone;outgoing;2026-01-05 10:00" for n in range(rows)
    ]
    return "\n".join(lines).encode()


OTHERS = {"contacts": _people, "activities": _calls}
