"""Documents a second: uploaded, filed, in the trail, read in the worker process and found by their text.

Each document is a PDF of two pages of text, about 10 KB, and differs from all others. Four people upload at the same
time to one process, `obieg worker` as it is delivered reads; local blobs, full commits, no recognition of text.
`documents_per_second` counts until the last text is in the index. `ratio` compares with the least that storing costs:
the same bytes into the blob store and one row committed, one after the other. `processor_ms` tells what each stage
computes for a document, in all processes: receiving (digest, store, announcement), filing (with trail, index and job),
the rest of the server, the worker, the processes that read, the database. Thumbnails are made when no text waits any
more: what was drawn before counts in the stages, the others are measured by themselves. After a minute and a half no
further document is filed, so a slow machine gets a figure too.
"""

import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate
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
DONE = "SELECT count(*) FROM extraction WHERE step = :step AND state = 'done'"
LONGEST = 90  # seconds of filing
PATIENCE = 60  # seconds until what was filed has to be read
DRAWING = 20  # seconds in which thumbnails are counted
SAID_EVERY = 5  # seconds, where there is no terminal


class _Run:
    """One run: an application, a worker beside it, and what the stages have computed."""

    def __init__(self, application: Application, progress: Progress) -> None:
        self.application, self._progress = application, progress
        self.stages: Counter[str] = Counter()
        self._lock = threading.Lock()

    def ingest(self, files: Sequence[bytes]) -> int:
        """File until all are, or it has taken too long; how many were filed."""
        until = time.monotonic() + LONGEST
        done = 0

        def file(number: int) -> None:
            nonlocal done
            if time.monotonic() > until:
                return
            spent = self._file(number, files[number])
            with self._lock:
                done += 1
                self.stages.update(spent)
            self._progress(done, len(files))

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(file, range(len(files))))
        return done

    def _file(self, number: int, content: bytes) -> dict[str, float]:
        application, announce = self.application, self.application.staging.announce
        begun = time.thread_time()
        blob = receive(
            io.BytesIO(content), announced=len(content), limit=LIMIT, store=application.blobs, announce=announce
        )
        received = time.thread_time()
        command = FileDocument(title=f"Document {number}", type="letter", blob=blob, file_name=f"letter-{number}.pdf")
        application.executor.execute(command, actor=SYSTEM)
        return {"receiving": received - begun, "filing": time.thread_time() - received}

    def wait(self, step: str, seconds: float) -> int:
        """Until nothing of a step waits, for so many seconds; how many do then."""
        until = time.monotonic() + seconds
        while (behind := self._count(BEHIND, step)) and time.monotonic() < until:
            time.sleep(0.05)
        return behind

    def drawn(self) -> int:
        """How many thumbnails there are."""
        return self._count(DONE, "preview")

    def _count(self, query: str, step: str) -> int:
        with self.application.database.engine.connect() as connection:
            return int(connection.execute(text(query), {"step": step}).scalar_one())

    def computed(self) -> Counter[str]:
        """Seconds of computing so far, by stage."""
        found = Counter(_computed(self.application))
        found.update(self.stages)
        found["rest of the server"] -= self.stages["receiving"] + self.stages["filing"]
        return found


def run(*, quick: bool = False) -> dict[str, Any]:
    """File, read and index; the trail is verified at the end."""
    count = QUICK_DOCUMENTS if quick else DOCUMENTS
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder, _said("Documents") as progress:
        files = list(_files(count + WARM_UP))
        application = build(Settings(data=Path(folder), log_level="WARNING"))
        worker = None
        try:
            bring_up_to_date(application, allowed=True)
            environment = {**os.environ, "OBIEG_DATA": folder, "OBIEG_LOG_LEVEL": "WARNING"}
            worker = subprocess.Popen([*OBIEG, "worker"], env=environment, stdout=subprocess.DEVNULL)
            bare = _bare(application, files)
            _Run(application, lambda _done, _total: None).ingest(files[:WARM_UP])
            measured = _Run(application, progress)
            measured.wait("text", PATIENCE)
            measured.wait("preview", PATIENCE)
            found = _measure(measured, files[WARM_UP:])
            facts = _facts(application)
        finally:
            if worker is not None:
                worker.terminate()
                worker.wait()
            application.close()
    indexed = found["documents"] / found["documents_per_second"]
    return {
        "benchmark": "ingest",
        **found,
        "bytes_of_a_document": round(statistics.mean(map(len, files))),
        "bare_per_second": round(1 / bare, 1),
        "ratio": round(indexed / found["documents"] / bare, 2),
        **facts,
        "bars": BARS,
        "within_bars": facts["unread"] == 0
        and facts["findings"] == 0
        and found["documents"] == count
        and all(found[name] >= bar for name, bar in BARS.items()),
    }


def _measure(measured: _Run, files: Sequence[bytes]) -> dict[str, Any]:
    before, started = measured.computed(), time.perf_counter()
    count = measured.ingest(files)
    filed = time.perf_counter() - started
    measured.wait("text", PATIENCE)
    indexed = time.perf_counter() - started
    early, after = measured.drawn(), measured.computed()
    started = time.perf_counter()
    measured.wait("preview", DRAWING)
    drawing, drawn = time.perf_counter() - started, measured.drawn() - early
    spent = {name: round(1000 * (after[name] - before[name]) / count, 2) for name in after}
    drawing_ms = 1000 * (measured.computed().total() - after.total()) / max(drawn, 1)
    return {
        "documents": count,
        "documents_per_second": round(count / indexed, 1),
        "filed_per_second": round(count / filed, 1),
        "processor_ms": {**spent, "all": round(sum(spent.values()), 2)},
        "thumbnails": {
            "drawn_before_the_last_text": early - WARM_UP,
            "per_second": round(drawn / drawing, 1),
            "processor_ms": round(drawing_ms, 2),
        },
    }


@contextmanager
def _said(label: str) -> Iterator[Progress]:
    """A progress bar on a terminal, elsewhere a line every few seconds."""
    if sys.stderr.isatty():
        with progress_bar(label) as progress:
            yield progress
        return
    last = time.monotonic()

    def say(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > SAID_EVERY or done == total:
            last = time.monotonic()
            print(f"{label}: {done} of {total}", file=sys.stderr, flush=True)

    yield say


def _files(count: int) -> Iterator[bytes]:
    chance = random.Random(20260105)  # noqa: S311 -- the same files in every run
    words = FREQUENT.split()  # as in every language a few small words are half of a text
    words += ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    for _ in range(count):
        result = io.BytesIO()
        canvas = Canvas(result, pageCompression=0, invariant=1)
        for _page in range(2):
            lines = canvas.beginText(50, 800)
            for _line in range(LINES):
                lines.textLine(" ".join(chance.choices(words, cum_weights=weights, k=WORDS)))
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


def _computed(application: Application) -> dict[str, float]:
    """Seconds of computing so far: this process, the worker, the processes that read, and the database's."""
    here = psutil.Process()
    seconds = {"rest of the server": sum(here.cpu_times()[:2]), "worker": 0.0, "readers": 0.0, "database": 0.0}
    for child in here.children():
        if "worker" in child.cmdline():
            seconds["worker"] += _of(child)
            seconds["readers"] += _of(child, own=False, ended=True) + sum(
                map(_of, child.children())
            )  # those that ended, too
    with application.database.engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    postmaster = psutil.Process(own).parent()
    if postmaster is not None:
        seconds["database"] = _of(postmaster, ended=True) + sum(map(_of, postmaster.children()))
    return seconds


def _of(process: psutil.Process, *, own: bool = True, ended: bool = False) -> float:
    """Seconds of a process itself, and of its children that have ended."""
    try:
        times = process.cpu_times()
        return own * (times.user + times.system) + ended * (times.children_user + times.children_system)
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
