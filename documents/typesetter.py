"""Runs as a process of its own: typesets one PDF with Typst under limits of time and memory, or dies without harm."""

import base64
import json
import resource
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

PROCESSOR_TIME = 20  # seconds
MEMORY = 2 << 30  # bytes of address space


def main() -> int:
    """Read the order from standard input, write the PDF to standard output; on failure the reason to standard error."""
    with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import typst  # after the limits: they count from here

    order = json.load(sys.stdin.buffer)
    with tempfile.TemporaryDirectory(prefix="obieg-paper-") as folder:
        for name, content in order["files"].items():
            (Path(folder) / name).write_bytes(base64.b64decode(content))
        try:
            pdf = typst.compile(
                order["template"].encode(),
                root=folder,
                format="pdf",
                ignore_system_fonts=True,  # the same fonts everywhere, those inside the wheel
                sys_inputs={"data": order["data"]},
                timestamp=order["at"],
                pdf_standards=["a-2u"],
                package_path=folder,
                package_cache_path=folder,
            )
        except typst.TypstError as error:
            sys.stderr.write(error.diagnostic)
            return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
