"""A progress bar on a terminal, and nothing at all when the output goes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[int, int], None]  # done so far, in all
STEPS = 1000


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """What long work calls as it goes on."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(length=STEPS, label=label, file=sys.stderr, show_pos=False) as bar:
        yield lambda done, total: bar.update(STEPS * done // max(total, 1) - bar.pos)
