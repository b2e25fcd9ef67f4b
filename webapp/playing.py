"""Plays the scenarios of a project in a process of its own; whatever is endless in them ends there."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from core.errors import InvalidInput
from core.records import dataclass
from engine.studio.blank import NewFile, kind_of

PLAYER = Path(__file__).with_name("player.py")
PATIENCE = 90  # seconds
LARGEST = 16 << 20  # bytes of what comes back
ENDLESS = (
    "The scenarios take more time or memory than they may, at most a minute: look for a loop that does not end, or "
    "play fewer of them at once."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPlayed:
    """What came of one scenario: `failures` are sentences, `trace` is where it has been."""

    file: str
    name: str
    ok: bool
    failures: tuple[str, ...]
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPlayed:
    """How much of a process the scenarios used: elements and sequence flows by their ids."""

    process: str
    file: str
    percent: int
    visited: tuple[str, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlayed:
    """What came of all scenarios of a project; `refused` says why files could not be played at all."""

    results: tuple[ScenarioPlayed, ...]
    refused: tuple[str, ...]
    coverage: tuple[ProcessPlayed, ...]


def play_project(files: Sequence[NewFile], deployed: Sequence[NewFile]) -> ProjectPlayed:
    """Play the scenarios among the files; what they do not define themselves is looked for among what is deployed.

    It takes some seconds. Raises `InvalidInput` when there are none, when they lead out of the project, or never end.
    """
    scenarios = [file for file in files if kind_of(file.name) == "scenario"]
    if not scenarios:
        raise InvalidInput("The project has no scenario; add one, and it can be played.")
    for file in scenarios:
        _check_inside(file, {each.name for each in files})
    with tempfile.TemporaryDirectory(prefix="obieg-play-") as name:
        folder = Path(name)
        for file in files:
            (folder / file.name).write_bytes(file.content)
        beside = folder / "deployed"
        beside.mkdir()
        for number, file in enumerate(deployed):
            (beside / f"{number}{Path(file.name).suffix}").write_bytes(file.content)
        return _answer(_run(folder))


def _check_inside(file: NewFile, names: set[str]) -> None:
    """A scenario of a project speaks of the project's diagrams only: nothing else of the server is its own."""
    try:
        content = yaml.safe_load(file.content)
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # the player says what is wrong with it
    if not isinstance(content, dict):
        return
    diagram = content.get("file")
    if content.get("beside") or (diagram is not None and diagram not in names):
        sentence = (
            f"{file.name} names files that are not in this project; name a process by `process:`, or one of its files."
        )
        raise InvalidInput(sentence)


def _run(folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(PLAYER), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
                env={},
            )
        except subprocess.TimeoutExpired:
            raise InvalidInput(ENDLESS) from None
        if done.returncode != 0 or answer.tell() > LARGEST:
            raise InvalidInput(ENDLESS)
        answer.seek(0)
        told: dict[str, Any] = json.load(answer)
        return told


def _answer(told: dict[str, Any]) -> ProjectPlayed:
    return ProjectPlayed(
        results=tuple(
            ScenarioPlayed(
                file=each["file"],
                name=each["name"],
                ok=each["ok"],
                failures=tuple(each["failures"]),
                trace=tuple(each["trace"]),
            )
            for each in told["results"]
        ),
        refused=tuple(told["refused"]),
        coverage=tuple(
            ProcessPlayed(
                process=each["process"],
                file=each["file"],
                percent=each["percent"],
                visited=(*each["visited_nodes"], *each["visited_flows"]),
                missed=(*each["nodes"]["missed"], *each["flows"]["missed"]),
            )
            for each in told["coverage"]
        ),
    )
