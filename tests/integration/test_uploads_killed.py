"""A server that dies in the middle of an upload: what it acknowledged is there, the rest is sent, the file is whole."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
from pathlib import Path

from tests.installations import Installation
from tests.served import serving

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


def test_an_upload_goes_on_after_the_server_was_killed(tmp_path: Path, installation: Installation) -> None:
    content = os.urandom(3 << 20)
    name = base64.b64encode(b"plans.bin").decode()
    token = installation.copy(tmp_path)
    with serving(tmp_path, "serve") as served:
        served.token = token
        begun = served.send(
            "POST",
            "/api/v1/uploads",
            headers=TUS | {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"},
        )
        where = begun.headers["Location"]
        sent = served.send("PATCH", where, data=content[: 1 << 20], headers=TUS | PIECE | {"Upload-Offset": "0"})
        assert sent.status_code == 204
        served.stop(signal.SIGKILL)

    with serving(tmp_path, "serve") as served:
        served.token = token
        offset = int(served.send("HEAD", where, headers=TUS).headers["Upload-Offset"])
        rest = served.send("PATCH", where, data=content[offset:], headers=TUS | PIECE | {"Upload-Offset": str(offset)})
        filed = served.send("POST", f"{where}/file", json={"sha256": hashlib.sha256(content).hexdigest()})

    assert offset == 1 << 20
    assert rest.headers["Upload-Offset"] == str(len(content))
    assert filed.status_code == 201, filed.text
    assert filed.json()["size"] == len(content)
