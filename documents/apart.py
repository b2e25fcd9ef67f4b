"""Work on files that others made, in a process of its own: whatever it meets there costs some seconds and no more."""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, Unavailable
from storage.blobs.store import CHUNK, BlobStore

MAIN = Path(__file__).with_name("apart_main.py")
ANSWER = "answer.json"
LARGEST_ANSWER = 16 << 20  # bytes
SECONDS = 30  # that work may take where nothing else is said
REFUSED = 3  # exit code of work that says why it refuses
NOWHERE = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "",
}  # nothing is fetched
logger = logging.getLogger(__name__)


class WorkTimedOut(Unavailable):
    """Work on a file took too long and was stopped."""

    code = "work_timed_out"


class FileRefused(InvalidInput):
    """A file cannot be worked on: it is broken, or made to do harm."""

    code = "file_refused"


@contextmanager
def workbench() -> Iterator[Path]:
    """A folder for the files of one piece of work; it goes with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="obieg-work-") as folder:
        yield Path(folder)


def lay_out(blobs: BlobStore, digest: str, path: Path) -> None:
    """Put stored content into the workbench, a piece at a time. Raises `BlobMissing`, `BlobDamaged`."""
    with blobs.open(digest) as source, path.open("wb") as target:
        while piece := source.read(CHUNK):
            target.write(piece)


def work(
    task: str,
    order: Mapping[str, Any],
    folder: Path,
    *,
    seconds: int = SECONDS,
    refused: type[InvalidInput] = FileRefused,
    may_call: bool = False,
) -> Any:
    """What a task of `apart_main` answers; it reads and writes files of the folder.

    The order goes through standard input, so a secret in it is in no argument and no file. `may_call` lets it reach
    the network. Raises `refused` with the task's own sentence, `WorkTimedOut`.
    """
    command = [sys.executable, "-I", str(MAIN)]
    message = json.dumps({"task": task, "order": order, "seconds": seconds}, allow_nan=False)
    errors = folder / "errors.txt"
    with errors.open("wb") as told:
        try:
            done = subprocess.run(
                command,
                input=message.encode(),
                stdout=subprocess.DEVNULL,
                stderr=told,
                timeout=seconds,
                check=False,
                cwd=folder,
                env={"HOME": str(folder), "TMPDIR": str(folder)} | ({} if may_call else NOWHERE),
            )
        except subprocess.TimeoutExpired as error:
            raise WorkTimedOut(
                f"The work was stopped after {seconds} seconds; the file may be made to hang."
            ) from error
    if done.returncode not in (0, REFUSED):
        tail = errors.read_bytes()[-2000:].decode(errors="replace").strip().rpartition("\n")[2]
        logger.warning("work apart failed", extra={"action": task, "error": tail.partition(":")[0][:100]})
        raise refused("The file is broken, or needs more time or memory than it may have.")
    answer = json.loads(_answer(folder / ANSWER, refused))
    if done.returncode == REFUSED:
        raise refused(answer["sentence"], **answer["details"])
    return answer


def _answer(path: Path, refused: type[InvalidInput]) -> bytes:
    if path.stat().st_size > LARGEST_ANSWER:
        raise refused("The file has more in it than can be told.")
    return path.read_bytes()
