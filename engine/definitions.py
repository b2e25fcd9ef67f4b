"""Deploying processes, decisions and forms: all files of a deployment are accepted together, or none is."""

from dataclasses import dataclass

from core.messages import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFile:
    """A file to deploy; what it is follows from its name: `.bpmn`, `.dmn` or `.form`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedDefinition:
    """A process, decision or form as it is deployed now; `kind` is process, decision or form."""

    id: str
    key: str
    version: int
    digest: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployDefinitions(Command):
    """Make files executable; a file whose content is deployed already keeps its version."""

    files: tuple[DeploymentFile, ...]
    dry_run: bool = False
