"""Files of a command are whole or not there; what is no file is written to as it is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from webapp.cli.drafts import whole


def test_a_pipe_gets_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()

    with whole(pipe) as out, out.open("wb") as file:
        file.write(b"content")
    reader.join(120)

    assert read == [b"content"]
    assert pipe.is_fifo()


def test_a_file_keeps_what_it_had_until_all_is_there(tmp_path: Path) -> None:
    out = tmp_path / "pack.zip"
    out.write_bytes(b"before")

    def write_half() -> None:
        with whole(out) as draft:
            draft.write_bytes(b"half")
            raise RuntimeError("no space")

    with pytest.raises(RuntimeError, match="no space"):
        write_half()

    assert (out.read_bytes(), list(tmp_path.iterdir())) == (b"before", [out])
