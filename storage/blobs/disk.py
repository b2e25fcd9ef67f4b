"""What a disk says when it cannot be written, in the words of `core.errors`."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StorageFull, Unavailable

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise `StorageFull` or `Unavailable` for what goes wrong while the block writes into a folder."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull(
                "There is no room left to store this file. Nothing was kept; tell your administrator.",
                folder=str(folder),
            ) from error
        raise Unavailable(f"The folder {folder} cannot be written: {error.strerror}. See OBIEG_DATA.") from error
