"""Runs as a process of its own: plays the scenarios of a folder under limits of time and memory, or dies without harm.

The diagrams and scenarios may be anybody's who draws: a loop without an end must not hold up the server.
"""

import json
import resource
import sys
from contextlib import suppress
from pathlib import Path

PROCESSOR_TIME = 60  # seconds
MEMORY = 3 << 30  # bytes of address space


def main() -> int:
    """Argument: the folder. Writes what came of the scenarios, and how much of the processes they used, as JSON."""
    with suppress(ValueError, OSError):  # where the system knows no such limit, the caller's time-out remains
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(0, str(Path(__file__).parents[1]))  # an isolated interpreter looks nowhere else for us
    from engine.coverage import coverage_of
    from engine.scenarios import Played, ScenarioRefused, play
    from webapp.bootstrap import load_contexts

    load_contexts()
    folder = Path(sys.argv[1])
    played: list[Played] = []
    refused: list[str] = []
    for file in sorted(folder.glob("*.scenario.yaml")):
        try:
            played.append(play(file))
        except ScenarioRefused as error:
            refused += [f"{file.name}: {finding['sentence']}" for finding in error.details["findings"]]
    results = [
        {"file": each.file, "name": result.name, "ok": result.ok, "failures": result.failures, "trace": result.trace}
        for each in played
        for result in each.results
    ]
    covered = [
        entry.to_json() | {"visited_nodes": sorted(entry.nodes), "visited_flows": sorted(entry.flows)}
        for entry in coverage_of(played)
    ]
    sys.stdout.write(json.dumps({"results": results, "refused": refused, "coverage": covered}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
