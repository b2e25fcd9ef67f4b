"""What a disk says when it cannot be written, in the words of `core.errors`."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StorageFull, Unavailable

logger = logging.getLogger(__name__)

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise `StorageFull` or `Unavailable` for what goes wrong while the block writes into a folder."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            # where the disk is concerns whoever reads the log, not whoever uploads
            logger.warning("no room left", extra={"action": "write_blob", "folder": str(folder)})
            raise StorageFull(
                "There is no room left to store this file. Nothing was kept; tell your administrator."
            ) from error
        logger.exception("folder cannot be written", extra={"action": "write_blob", "folder": str(folder)})
        raise Unavailable(
            f"The blob store cannot be written: {error.strerror}. Tell your administrator to look at OBIEG_DATA."
        ) from error
