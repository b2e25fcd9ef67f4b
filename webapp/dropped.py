"""The folder that scanners and programs drop files into: each file that has settled is filed once, then moved away."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.clock import SystemClock
from core.errors import DomainError, StorageFull, Unavailable
from core.identity import SYSTEM
from documents.intake import receive
from documents.intake_arrivals import FolderFile, TakeIn
from documents.names import safe_file_name
from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

DONE, REFUSED = "done", "failed"
SETTLED = timedelta(seconds=10)  # how long nobody must have written to a file
MOST = 200  # files of one look
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp")


class NotTaken(Exception):
    """A file of the folder is not filed; the text says why."""


def take_files(application: Application, *, settled: timedelta = SETTLED) -> int:
    """File what lies in the folder and in the folders directly in it; returns how many files were settled.

    The name of such an inner folder is shown as where the file came from, and taken as its type where one is called so.
    """
    root = application.settings.intake_folder
    if root is None:
        return 0
    if not root.is_dir():
        raise Unavailable(f"The folder {root} cannot be read. Make it, or change OBIEG_INTAKE_FOLDER.")
    before = SystemClock().now() - settled  # against the clock of the files
    count = 0
    for path in settled_files(root, before):
        settle(root, path, partial(_take, application, root, path), "take_files")
        count += 1
        if count >= MOST:
            break
    return count


def settled_files(root: Path, before: datetime) -> Iterator[Path]:
    """Everything that nobody writes to any more, links and such included: they are moved to the refused."""
    with os.scandir(root) as inside:
        folders = sorted(
            Path(each.path)
            for each in inside
            if each.is_dir(follow_symlinks=False) and each.name not in {DONE, REFUSED} and not each.name.startswith(".")
        )
    for folder in (root, *folders):
        with os.scandir(folder) as inside:
            found = sorted(inside, key=lambda each: each.name)
        for each in found:
            if each.is_dir(follow_symlinks=False) or each.name.startswith((".", "~$")):
                continue
            if each.name.lower().endswith(UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                if each.stat(follow_symlinks=False).st_mtime < before.timestamp():
                    yield Path(each.path)


def settle(root: Path, path: Path, take: Callable[[BinaryIO], None], action: str) -> None:
    """Take a file and move it to those that are done, or to those that are refused, with the reason beside it.

    Raises `Unavailable` and `StorageFull`, which are not the file's fault: it stays and is tried again.
    """
    try:
        with opened(path) as file:
            take(file)
    except (NotTaken, DomainError) as error:
        if isinstance(error, Unavailable | StorageFull):
            raise
        sentence = error.sentence if isinstance(error, DomainError) else str(error)
        logger.warning("a dropped file was refused", extra={"action": action, "reason": sentence})
        moved = move_away(root, path, REFUSED)
        moved.with_name(f"{moved.name}.reason.txt").write_text(f"{sentence}\n", encoding="utf-8")
        return
    except FileNotFoundError:  # somebody took it back
        return
    move_away(root, path, DONE)


def opened(path: Path) -> BinaryIO:
    """The file itself; a link is not followed, and a pipe is not waited for. Raises `NotTaken`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotTaken(f"It is a link, or it cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotTaken("It is no file, but a pipe, a device or the like.")
    return os.fdopen(descriptor, "rb")


def _take(application: Application, root: Path, path: Path, file: BinaryIO) -> None:
    found = os.fstat(file.fileno())
    blob = receive(
        file,
        announced=found.st_size,
        limit=application.settings.max_upload,
        store=application.blobs,
        announce=application.staging.announce,
    )
    inner = path.parent.name if path.parent != root else None
    name = safe_file_name(os.fsencode(path.name).decode("utf-8", "replace"))
    mark = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}-{blob.digest[:16]}"
    command = TakeIn(
        blob=blob,
        file_name=name,
        source="folder",
        origin=f"folder {safe_file_name(inner)}" if inner else "the scan folder",
        type=None if inner is None else safe_file_name(inner)[:100],
        file=FolderFile(source="dropped", path=safe_file_name(str(path.relative_to(root)))[:200], mark=mark),
    )
    application.executor.execute(command, actor=SYSTEM)


def move_away(root: Path, path: Path, where: str) -> Path:
    """Move a file away under a name that is free there; what lies there already is never written over."""
    folder = root / where
    folder.mkdir(exist_ok=True)
    for number in range(10_000):
        target = folder / (path.name if number == 0 else f"{path.stem} ({number}){path.suffix}")
        try:
            os.link(path, target, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links, such as a share of Windows
            if os.path.lexists(target):
                continue
            path.rename(target)
            return target
        path.unlink()
        return target
    raise Unavailable(f"The folder {folder} has too many files of the same name. Empty it.")
