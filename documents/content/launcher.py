"""Runs as a process of its own: limits itself, leaves network and files, and becomes the program it is told to."""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

SOCKETS = ("/tmp", "/var/tmp")  # noqa: S108 -- LibreOffice makes its own there, whatever TMPDIR says


def main() -> int:
    """Arguments: seconds of computing, bytes of memory, bytes of a written file, then the program and its own."""
    sys.path.insert(0, str(Path(__file__).parents[2]))  # an isolated interpreter looks nowhere else for us
    from documents.content.confinement import leave_the_network
    from documents.content.fences import give_up_powers, see_only

    seconds, memory, largest = (int(each) for each in sys.argv[1:4])
    for kind, most in (
        (resource.RLIMIT_CPU, 2 * seconds),  # two cores at once
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
            resource.setrlimit(kind, (most, most))
    leave_the_network()
    home = Path(sys.argv[4]).resolve().parents[1]  # where its own files are, when it is none of the system's
    give_up_powers()
    see_only({str(home), sys.prefix, sys.base_prefix} - {"/"}, [str(Path.cwd())], sockets=SOCKETS)
    os.nice(5)
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 -- a fixed program, and no shell


if __name__ == "__main__":
    sys.exit(main())
