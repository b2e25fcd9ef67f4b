"""How much reading one file may cost; the worker process holds itself to it, and is killed when it does not."""

from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one file; sizes are bytes, times seconds."""

    seconds: float = 30  # by the clock on the wall
    processor_seconds: int = 20
    memory: int = 1 << 30  # address space of the worker process
    largest_file: int = 256 << 20
    answer: int = 32 << 20  # text, layout or picture that comes back
    characters: int = 5_000_000
    pages: int = 3000
    unpacked: int = 512 << 20  # what an archive says that it holds
    parts: int = 20_000  # files in an archive
    pixels: int = 80_000_000
    files_of_a_worker: int = 500  # then a new process takes its place


LIMITS = Limits()
PAGE_LIMITS = Limits(seconds=8, processor_seconds=6)  # of a page that somebody waits for
