"""What happened to imports and exports as a whole; what happened to each record stands in the record's own stream."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEvent(Event):
    """Something happened to an import."""

    import_id: str

    @property
    def stream(self) -> str:
        """The import's own."""
        return f"import:{self.import_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStarted(ImportEvent):
    """Rows of a file begin to come in; `digest` names the file's content."""

    type: ClassVar[str] = "import.started"

    kind: str
    file_name: str
    digest: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStopped(ImportEvent):
    """Somebody stopped it; the rest can follow."""

    type: ClassVar[str] = "import.stopped"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFailed(ImportEvent):
    """It cannot go on as it is; the rest can follow when that is set right."""

    type: ClassVar[str] = "import.failed"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResumed(ImportEvent):
    """It goes on."""

    type: ClassVar[str] = "import.resumed"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFinished(ImportEvent):
    """All rows were looked at; `counts` maps outcome to number."""

    type: ClassVar[str] = "import.finished"

    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUndone(ImportEvent):
    """What it did was taken back where nothing else has touched it since."""

    type: ClassVar[str] = "import.undone"

    undone: int
    kept: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWithdrawn(Event):
    """A record that an import had made was removed again; its number is not given to another one."""

    type: ClassVar[str] = "record.withdrawn"

    entity: str
    record_id: str
    import_id: str

    @property
    def stream(self) -> str:
        """The record's own: `customer:…`."""
        return f"{self.entity.removeprefix('crm.')}:{self.record_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMade(Event):
    """Somebody took records out: what, how many, chosen how, as which file."""

    type: ClassVar[str] = "export.made"

    export_id: str
    kind: str
    format: str
    rows: int
    filter: dict[str, Any]
    digest: str

    @property
    def stream(self) -> str:
        """The export's own."""
        return f"export:{self.export_id}"
