"""Progress of long work: a bar on a terminal, a line every ten seconds where the output goes to a file."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.cli.progress import Progress, progress_bar

EVERY = 10.0  # seconds between two lines


@contextmanager
def telling(label: str) -> Iterator[Progress]:
    """What the work calls as it goes on."""
    if sys.stderr.isatty():
        with progress_bar(label) as progress:
            yield progress
        return
    began = last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY or done >= total:
            last = now
            print(f"{label}: {done} of {total} after {now - began:.0f} s", file=sys.stderr, flush=True)

    yield line
