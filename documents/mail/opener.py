"""Runs as a process of its own: takes one message apart under limits of time and memory, or dies without harm."""

import json
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

PROCESSOR_TIME = 40  # seconds
MEMORY = 3 << 30  # bytes of address space


def main() -> int:
    """Arguments: the kind (`eml` or `msg`) and a folder; the message comes on standard input.

    Writes each file of the message into the folder as 0, 1, 2 …, and what the message says to standard output.
    """
    with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(0, str(Path(__file__).parents[2]))  # an isolated interpreter looks nowhere else for us
    from documents.mail.letters import Unreadable, read_eml

    kind, folder = sys.argv[1], Path(sys.argv[2])
    content = sys.stdin.buffer.read()
    try:
        if kind == "msg":
            from documents.mail.outlook import read_msg

            letter = read_msg(content)
        else:
            letter = read_eml(content)
    except Unreadable as reason:
        sys.stderr.write(str(reason))
        return 1
    for number, file in enumerate(letter.files):
        (folder / str(number)).write_bytes(file.content)
    told = {
        "message_id": letter.message_id,
        "references": letter.references,
        "subject": letter.subject,
        "sender": letter.sender,
        "recipients": letter.recipients,
        "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        "headers": letter.headers,
        "fingerprint": letter.fingerprint,
        "excerpt": letter.excerpt,
        "files": [(file.name, file.role) for file in letter.files],
        "findings": letter.findings,
        "bounce": asdict(letter.bounce) if letter.bounce else None,
    }
    sys.stdout.write(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
