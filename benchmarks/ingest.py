"""Documents a second: uploaded, filed, in the trail, read in the worker process and found by their text.

Each document is a PDF of two pages of text, about 10 KB, and differs from all others. Four people upload at the same
time to one process, `obieg worker` as it is delivered reads; local blobs, full commits, no recognition of text.
`documents_per_second` counts until the last text is in the index. `ratio` compares with the least that storing costs:
the same bytes into the blob store and one row committed, one after the other.
"""

import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import text

from audit.verify import check_chains
from core.identity import SYSTEM
from core.settings import Settings
from documents.filing import FileDocument
from documents.intake import receive
from webapp.bootstrap import Application, bring_up_to_date, build
from webapp.cli.progress import Progress, progress_bar

DOCUMENTS, QUICK_DOCUMENTS = 3000, 300
WARM_UP = 50  # documents that are not measured
BARE = 200  # bare stores and rows
CLIENTS = 4
OBIEG = (sys.executable, "-c", "from webapp.cli import main; main()")
BARS = {"documents_per_second": 100}
VOCABULARY = 20_000  # words, used as often as words are: the n-th most frequent with 1/n
FREQUENT = "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they"
SYLLABLES = (
    "ba",
    "ko",
    "mi",
    "ra",
    "do",
    "le",
    "nu",
    "sza",
    "pro",
    "wi",
    "sta",
    "ny",
    "go",
    "czy",
    "te",
    "ul",
    "ja",
    "or",
)
LINES, WORDS = 44, 11  # of a page, of a line
LIMIT = 1 << 20  # bytes
BEHIND = "SELECT count(*) FROM extraction WHERE step = :step AND state IN ('waiting', 'taken')"


def run(*, quick: bool = False) -> dict[str, Any]:
    """File, read and index; the trail is verified at the end."""
    count = QUICK_DOCUMENTS if quick else DOCUMENTS
    files = list(_files(count + WARM_UP))
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        application = build(Settings(data=Path(folder), log_level="WARNING"))
        worker = None
        try:
            bring_up_to_date(application, allowed=True)
            environment = {**os.environ, "OBIEG_DATA": folder, "OBIEG_LOG_LEVEL": "WARNING"}
            worker = subprocess.Popen([*OBIEG, "worker"], env=environment, stdout=subprocess.DEVNULL)
            bare = _bare(application, files)
            _ingest(application, files[:WARM_UP], lambda _done, _total: None)
            _wait(application, "preview")
            with progress_bar("Documents") as progress:
                before = _computed(application)
                started = time.perf_counter()
                _ingest(application, files[WARM_UP:], progress)
                filed = time.perf_counter() - started
                _wait(application, "text")
                indexed = time.perf_counter() - started
                computed = {name: seconds - before.get(name, 0) for name, seconds in _computed(application).items()}
                _wait(application, "preview")
                drawn = time.perf_counter() - started
            facts = _facts(application)
        finally:
            if worker is not None:
                worker.terminate()
                worker.wait()
            application.close()
    speeds = {"documents_per_second": round(count / indexed, 1)}
    return speeds | {
        "benchmark": "ingest",
        "documents": count,
        "bytes_of_a_document": round(statistics.mean(map(len, files))),
        "filed_per_second": round(count / filed, 1),
        "with_thumbnails_per_second": round(count / drawn, 1),
        "processor_ms": {name: round(1000 * seconds / count, 2) for name, seconds in computed.items()},
        "bare_per_second": round(1 / bare, 1),
        "ratio": round(indexed / count / bare, 2),
        **facts,
        "bars": BARS,
        "within_bars": facts["unread"] == 0
        and facts["findings"] == 0
        and all(speeds[name] >= bar for name, bar in BARS.items()),
    }


def _files(count: int) -> Iterator[bytes]:
    chance = random.Random(20260105)  # noqa: S311 -- the same files in every run
    words = FREQUENT.split()  # as in every language a few small words are half of a text
    words += ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(VOCABULARY)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    for _ in range(count):
        result = io.BytesIO()
        canvas = Canvas(result, pageCompression=0, invariant=1)
        for _page in range(2):
            lines = canvas.beginText(50, 800)
            for _line in range(LINES):
                lines.textLine(" ".join(chance.choices(words, weights, k=WORDS)))
            canvas.drawText(lines)
            canvas.showPage()
        canvas.save()
        yield result.getvalue()


def _bare(application: Application, files: Sequence[bytes]) -> float:
    """Seconds for storing one file and committing one row; the median."""
    with application.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE bench_file (digest text PRIMARY KEY, size bigint NOT NULL)"))
    seconds = []
    for number, content in enumerate(files[:BARE]):
        started = time.perf_counter()
        blob = application.blobs.put(io.BytesIO(b"%d" % number + content))
        with application.database.engine.begin() as connection:
            values = {"digest": blob.digest, "size": blob.size}
            connection.execute(text("INSERT INTO bench_file VALUES (:digest, :size)"), values)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _ingest(application: Application, files: Sequence[bytes], progress: Progress) -> None:
    def file(number: int) -> None:
        content = files[number]
        announce = application.staging.announce
        blob = receive(
            io.BytesIO(content), announced=len(content), limit=LIMIT, store=application.blobs, announce=announce
        )
        command = FileDocument(title=f"Document {number}", type="letter", blob=blob, file_name=f"letter-{number}.pdf")
        application.executor.execute(command, actor=SYSTEM)
        progress(number, len(files))

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(file, range(len(files))))


def _wait(application: Application, step: str) -> None:
    """Until nothing of this step, and of what leads to it, waits."""
    for each in dict.fromkeys(("text", step)):
        while True:
            with application.database.engine.connect() as connection:
                if not connection.execute(text(BEHIND), {"step": each}).scalar_one():
                    break
            time.sleep(0.02)


def _computed(application: Application) -> dict[str, float]:
    """Seconds of computing so far: this process, the processes that read, and the database's."""
    here = psutil.Process()
    seconds = {"server": sum(here.cpu_times()[:2]), "worker": 0.0, "readers": 0.0, "database": 0.0}
    for child in here.children():
        if "worker" in child.cmdline():
            seconds["worker"] += _of(child)
            seconds["readers"] += sum(map(_of, child.children()))
    with application.database.engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    postmaster = psutil.Process(own).parent()
    for each in [] if postmaster is None else [postmaster, *postmaster.children()]:
        seconds["database"] += _of(each)
    return seconds


def _of(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


def _facts(application: Application) -> dict[str, int]:
    with application.database.engine.connect() as connection:
        unread = connection.execute(
            text("SELECT count(*) FROM document LEFT JOIN document_text ON document_id = id WHERE document_id IS NULL")
        ).scalar_one()
        indexed = connection.execute(text("SELECT count(*) FROM search_entry WHERE kind = 'document'")).scalar_one()
    with application.units.reading(SYSTEM) as view:
        findings = sum(1 for _ in check_chains(view))
    return {"unread": int(unread), "indexed": int(indexed), "findings": findings}
