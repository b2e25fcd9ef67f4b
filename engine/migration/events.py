"""What happens when instances are taken to another version."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass
from engine.events import CaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMigrated(CaseEvent):
    """Somebody took an instance to another version of its process; `elements` says where its tokens went."""

    type: ClassVar[str] = "case.migrated"
    before: str
    before_version: int
    after: str
    after_version: int
    elements: dict[str, str | None]
    batch: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationEvent(Event):
    """Something that happened to a batch of migrations."""

    migration_id: str
    definition_key: str

    @property
    def stream(self) -> str:
        """One stream per process, beside its versions."""
        return f"migration:{self.definition_key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationStarted(MigrationEvent):
    """Somebody asked for many instances to be taken to another version."""

    type: ClassVar[str] = "migration.started"
    before: str
    after: str
    elements: dict[str, str | None]
    instances: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationStopped(MigrationEvent):
    """Somebody stopped a batch; what was migrated stays so."""

    type: ClassVar[str] = "migration.stopped"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResumed(MigrationEvent):
    """Somebody let a stopped batch go on."""

    type: ClassVar[str] = "migration.resumed"
    reason: str
