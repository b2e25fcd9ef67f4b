"""What crosses contexts outside the diagrams: adapters for their ports, and who records what happens."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.settings import Settings
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import Recorder


def recorders() -> Sequence[Recorder]:
    """Who hears of events inside the transaction."""
    return ()


def ports(blobs: BlobStore, staging: Staging, settings: Settings) -> Mapping[type, Any]:
    """The adapter of each port that contexts ask for through `unit.port`."""
    return {BlobStore: blobs, Staging: staging, Settings: settings}
