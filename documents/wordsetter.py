"""Runs as a process of its own: fills in one Word template under limits of time and memory, or dies without harm."""

import base64
import json
import resource
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

PROCESSOR_TIME = 20  # seconds
MEMORY = 2 << 30  # bytes of address space


def main() -> int:
    """Read the order from standard input, write the document to standard output; on failure the reason to stderr."""
    with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(0, str(Path(__file__).parents[1]))  # an isolated interpreter looks nowhere else for us
    from documents.word import TemplateRefused, render_docx

    order = json.load(sys.stdin.buffer)
    try:
        filled = render_docx(
            base64.b64decode(order["template"]), order["fields"], at=datetime.fromisoformat(order["at"])
        )
    except TemplateRefused as error:
        sys.stderr.write(error.sentence)
        return 1
    sys.stdout.buffer.write(filled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
