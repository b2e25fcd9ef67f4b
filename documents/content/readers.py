"""The worker processes that read files: kept for many files, replaced when one of them breaks or does not answer."""

import logging
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from core.records import dataclass
from documents.content.kinds import reader_of
from documents.content.limits import LIMITS, PAGE_LIMITS, Limits
from documents.content.protocol import Garbled, receive, send

logger = logging.getLogger(__name__)
WORKER = Path(__file__).parent / "worker.py"
PROCESSES = 2
REMEMBERED = 500  # pages that could not be drawn
# bytes that the GNU allocator keeps for the next file: giving them back and asking anew took a twentieth of the time
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(32 << 20), "MALLOC_MMAP_THRESHOLD_": str(16 << 20)}


class CannotRead(Exception):
    """The file could not be read; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What reading a file gave."""

    text: str
    layout: dict[str, Any] | None = field(default=None, repr=False)
    pages: int | None = None
    is_partial: bool = False
    wants_ocr: bool = False
    library: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG and its size in pixels."""

    content: bytes = field(repr=False)
    width: int
    height: int


class Readers:
    """Reads files in processes of their own; may be used by many threads."""

    def __init__(self, limits: Limits = LIMITS, *, processes: int = PROCESSES) -> None:
        self.limits = limits
        self._told = asdict(limits)
        self.patience: float | None = (
            None  # seconds that a file waits for its turn; None for those that nobody waits for
        )
        self._idle: queue.LifoQueue[_Process] = queue.LifoQueue()
        self._room = threading.Semaphore(processes)
        self._is_closed = False

    def text(self, file: int, *, media_type: str, name: str) -> Text | None:
        """The text of an open file (a descriptor), None where nothing reads its type. Raises `CannotRead`."""
        reader = reader_of(media_type)
        if reader is None:
            return None
        facts, content = self._ask(file, {"task": "text", "reader": reader, "media_type": media_type, "name": name})
        return Text(
            text=_storable(content.decode("utf-8", "replace")),
            layout=_storable(facts.get("layout")),
            pages=facts.get("pages"),
            is_partial=bool(facts.get("is_partial")),
            wants_ocr=bool(facts.get("wants_ocr")),
            library=str(facts.get("library", "")),
        )

    def picture(self, file: int, *, media_type: str, page: int, width: int, height: int) -> Picture:
        """A page, or a picture, so that it fits into so many pixels. Raises `CannotRead`."""
        size = {"width": width, "height": height}
        facts, content = self._ask(
            file, {"task": "picture", "media_type": media_type, "name": "", "page": page, **size}
        )
        return Picture(content=content, width=int(facts["width"]), height=int(facts["height"]))

    def close(self) -> None:
        """End the processes that have nothing to do; those that work end when they are done."""
        self._is_closed = True
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def _ask(self, file: int, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._turn():
            process = self._idle_one() or _Process()
            is_good = False
            try:
                facts, content = process.ask(file, {**order, "limits": self._told}, self.limits)
                is_good = not facts.get("is_last") and process.files < self.limits.files_of_a_worker
            finally:
                if is_good and not self._is_closed:
                    self._idle.put(process)
                else:
                    process.end()
        if "reason" in facts:
            raise CannotRead(str(facts["reason"])[:500])
        return facts, content

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=self.patience):
            raise Unavailable("Many pages are being drawn at the moment. Try again in a few seconds.")
        try:
            yield
        finally:
            self._room.release()

    def _idle_one(self) -> "_Process | None":
        with suppress(queue.Empty):
            while True:
                process = self._idle.get_nowait()
                if process.is_alive:
                    return process
                process.end()
        return None


class PageReaders(Readers):
    """Draws pages while somebody waits: quick to give up, and never behind the files that jobs read."""

    def __init__(self, limits: Limits = PAGE_LIMITS, *, processes: int = 1) -> None:
        super().__init__(limits, processes=processes)
        self.patience = 2 * limits.seconds
        self._refused: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._guard = threading.Lock()

    def page(self, key: tuple[str, int], draw: Callable[[], Picture]) -> Picture:
        """What `draw` gives; a page (digest and number) that could not be drawn is not tried again soon.

        Raises `CannotRead`, `Unavailable`.
        """
        with self._guard:
            reason = self._refused.get(key)
        if reason is not None:
            raise CannotRead(reason)
        try:
            return draw()
        except CannotRead as error:
            with self._guard:
                self._refused[key] = str(error)
                while len(self._refused) > REMEMBERED:
                    self._refused.popitem(last=False)
            raise


def _storable(value: Any) -> Any:
    """The value without the one character that PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


class _Process:
    """One worker process and the socket to it; nobody else shares either."""

    def __init__(self) -> None:
        self.files = 0
        self._channel, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(WORKER), str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=KEPT_MEMORY,
                cwd="/",
                start_new_session=True,  # who stops the server with Ctrl-C does not mean this process
            )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, file: int, order: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
        """The answer. Raises `CannotRead` when there is none."""
        self.files += 1
        try:
            self._channel.settimeout(limits.seconds)
            send(self._channel, order, file=file)
            return receive(self._channel, most=limits.answer, seconds=limits.seconds)
        except TimeoutError:
            raise CannotRead(f"it took longer than {limits.seconds:g} seconds") from None
        except (Garbled, OSError, ValueError, LookupError) as error:
            raise CannotRead(self._why(limits)) from error

    def _why(self, limits: Limits) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return f"it took more than {limits.processor_seconds} seconds of computing"
        logger.warning("a reader died", extra={"action": "read_file", "exit": code})
        return f"the reader stopped over it; it is damaged, or needs more than {limits.memory >> 20} MB of memory"

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self._channel.close()
        self._process.kill()
        self._process.wait()
