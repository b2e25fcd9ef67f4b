"""Filing a sheet of address labels for customers."""

from dataclasses import field
from typing import Any

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.filing import FiledDocument
from documents.papers import file_paper
from documents.templates.labels import draw_labels, sheet_of
from documents.templates.registering import USE
from documents.templates.sources import chosen
from storage.unit_of_work import UnitOfWork

MOST_COPIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLabels(Command):
    """Labels for everybody who fits `wanted`; `start` is the first free label, `frames` draws their edges."""

    sheet: str
    title: str = "Address labels"
    wanted: dict[str, Any] = field(default_factory=dict)
    start: int = 1
    copies: int = 1
    frames: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLabels:
    """The filed sheet and what to look at before it is printed."""

    document: FiledDocument
    labels: int
    sheets: int
    remarks: tuple[str, ...]


@handles(MakeLabels, needs=USE)
def make_labels(command: MakeLabels, unit: UnitOfWork) -> MadeLabels:
    """Raises `NobodyFound`, `InvalidInput`. Those without an address have none; a remark names them."""
    if not 1 <= command.copies <= MOST_COPIES:
        raise InvalidInput(f"Make 1 to {MOST_COPIES} labels for each.", fields={"/copies": "is out of range"})
    people = chosen(unit, command.wanted)
    addressed = [each for each in people if len(each.lines) > 1]
    remarks = [f"“{each.name}” has no address, so it has no label." for each in people if len(each.lines) < 2]
    if not addressed:
        raise InvalidInput("None of them has an address.")
    lines = [each.lines for each in addressed for _ in range(command.copies)]
    drawn = draw_labels(lines, sheet_of(command.sheet), start=command.start, frames=command.frames)
    filed = file_paper(
        unit,
        title=command.title.strip() or "Address labels",
        type="address_labels",
        content=drawn.content,
        file_name="labels.pdf",
        reason=f"{drawn.labels} labels on {drawn.sheets} sheets",
    )
    return MadeLabels(
        document=filed, labels=drawn.labels, sheets=drawn.sheets, remarks=tuple([*remarks, *drawn.remarks][:200])
    )
