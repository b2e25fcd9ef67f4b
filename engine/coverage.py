"""How much of each process scenarios have used: elements and sequence flows, over all files that play it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.bpmn.model import Node, Process
from engine.scenarios import Played, ScenarioResult


@dataclass(slots=True)
class ProcessCoverage:
    """One process: what its scenarios came to, and what they did not."""

    process: Process
    diagram: Path
    results: list[ScenarioResult] = field(default_factory=list)
    nodes: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    all_nodes: frozenset[str] = frozenset()
    all_flows: frozenset[str] = frozenset()

    @property
    def missed_nodes(self) -> list[Node]:
        """Elements that no scenario came to, in the order of the diagram."""
        return [node for key, node in self.process.nodes.items() if key not in self.nodes]

    @property
    def missed_flows(self) -> list[tuple[str, Node, Node]]:
        """Flows that no scenario took: id, from, to."""
        nodes = self.process.nodes
        return [
            (flow.id, node, nodes[flow.target])
            for node in nodes.values()
            for flow in node.outgoing
            if flow.id in self.all_flows - self.flows
        ]

    @property
    def percent(self) -> int:
        """Of elements and flows together; whole only where nothing is missed."""
        used, total = len(self.nodes) + len(self.flows), len(self.all_nodes) + len(self.all_flows)
        return 100 if used == total else min(99, round(100 * used / total))

    def marks(self) -> dict[str, list[str]]:
        """Each element and flow with `visited` or `missed`, for the picture."""
        found = {key: ["visited" if key in self.nodes else "missed"] for key in self.all_nodes}
        return found | {key: ["visited" if key in self.flows else "missed"] for key in self.all_flows}

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `obieg test --json --coverage` prints it with every scenario."""
        return {
            "process": self.process.id,
            "file": self.diagram.name,
            "percent": self.percent,
            "nodes": _counted(self.nodes, self.all_nodes),
            "flows": _counted(self.flows, self.all_flows),
        }


def _counted(used: set[str], every: frozenset[str]) -> dict[str, Any]:
    return {"visited": len(used), "total": len(every), "missed": sorted(every - used)}


def coverage_of(files: Iterable[Played]) -> list[ProcessCoverage]:
    """One entry per process, in the order in which they were played first."""
    found: dict[tuple[Path, str], ProcessCoverage] = {}
    for played in files:
        key = (played.diagram.resolve(), played.process.id)
        if key not in found:
            found[key] = ProcessCoverage(
                played.process, played.diagram, all_nodes=played.all_nodes, all_flows=played.all_flows
            )
        entry = found[key]
        entry.results += played.results
        for result in played.results:
            entry.nodes.update(entry.all_nodes.intersection(result.nodes))
            entry.flows.update(entry.all_flows.intersection(result.flows))
    return list(found.values())
