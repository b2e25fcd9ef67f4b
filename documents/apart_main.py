"""Runs as a process of its own: one piece of work on files of its folder under limits of time, memory and output."""

import json
import resource
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

MEMORY = 2 << 30  # bytes of address space
OUTPUT = 1 << 30  # bytes of one file
REFUSED = 3
TASKS = {
    "signature.check": "documents.signatures.checking",
    "signature.seal": "documents.signatures.signing",
    "template.check": "documents.templates.checking",
    "template.fill": "documents.templates.filling",
    "package.bind": "documents.packages.binding",
    "package.approve": "documents.packages.approving",
    "package.join": "documents.packages.joining",
}


def main() -> int:
    """Read the order from standard input, work in the current folder, write `answer.json`; 3 is a refusal."""
    message = json.load(sys.stdin.buffer)
    with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
        resource.setrlimit(resource.RLIMIT_CPU, (message["seconds"], message["seconds"]))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(__file__).parents[1]))  # an isolated interpreter looks nowhere else for us
    from core.errors import InvalidInput

    module = import_module(TASKS[message["task"]])
    status = 0
    try:
        answer = module.run(message["order"], Path.cwd())
    except InvalidInput as error:
        answer, status = {"sentence": error.sentence, "details": error.details}, REFUSED
    Path("answer.json").write_text(json.dumps(answer, allow_nan=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
