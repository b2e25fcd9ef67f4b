"""Takes a message apart in a process of its own; whatever hostile there is in it stays there."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from core.records import dataclass
from documents.mail.bounces import Bounce
from documents.mail.letters import Unreadable
from storage.blobs.store import CHUNK

OPENER = Path(__file__).with_name("opener.py")
PATIENCE = 90  # seconds
LARGEST = 150 << 20  # bytes of a message that is taken apart
LARGEST_TOLD = 16 << 20  # bytes of what a message says of itself
KINDS = {"message/rfc822": "eml", "application/vnd.ms-outlook": "msg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message that was taken apart: what it says, and its files by name, role and where they lie for now."""

    message_id: str | None
    references: tuple[str, ...]
    subject: str
    sender: str
    recipients: tuple[str, ...]
    sent_at: datetime | None
    headers: tuple[tuple[str, str], ...]
    fingerprint: str
    excerpt: str
    findings: tuple[str, ...]
    files: tuple[tuple[str, str, Path], ...]
    bounce: Bounce | None = None


@contextmanager
def opened(content: BinaryIO, media_type: str, *, size: int) -> Iterator[Opened]:
    """The message; its files are gone when the block ends. Raises `Unreadable`."""
    if size > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST >> 20} MiB")
    with tempfile.TemporaryDirectory(prefix="obieg-mail-") as folder:
        told = _told(content, KINDS[media_type], folder)
        yield _opened(told, Path(folder))


def _told(content: BinaryIO, kind: str, folder: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as answer:
        while piece := content.read(CHUNK):
            source.write(piece)
        source.seek(0)
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(OPENER), kind, folder],
                stdin=source,
                stdout=answer,
                stderr=subprocess.PIPE,
                timeout=PATIENCE,
                check=False,
                env={},
            )
        except subprocess.TimeoutExpired:
            raise Unreadable(f"it takes longer than {PATIENCE} seconds to read") from None
        if done.returncode == 1:
            raise Unreadable(done.stderr.decode(errors="replace")[:300] or "it is no message")
        if done.returncode != 0 or answer.tell() > LARGEST_TOLD:
            raise Unreadable("it takes more time or memory than a message may")
        answer.seek(0)
        told: dict[str, Any] = json.load(answer)
        return told


def _opened(told: dict[str, Any], folder: Path) -> Opened:
    return Opened(
        message_id=told["message_id"],
        references=tuple(told["references"]),
        subject=told["subject"],
        sender=told["sender"],
        recipients=tuple(told["recipients"]),
        sent_at=datetime.fromisoformat(told["sent_at"]) if told["sent_at"] else None,
        headers=tuple((name, value) for name, value in told["headers"]),
        fingerprint=told["fingerprint"],
        excerpt=told["excerpt"],
        findings=tuple(told["findings"]),
        files=tuple((name, role, folder / str(number)) for number, (name, role) in enumerate(told["files"])),
        bounce=_bounce(told["bounce"]),
    )


def _bounce(told: dict[str, Any] | None) -> Bounce | None:
    return None if told is None else Bounce(**told | {"message_ids": tuple(told["message_ids"])})
