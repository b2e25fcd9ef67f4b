"""The types of links, which a firm edits without a restart; each has a name for both directions."""

from collections.abc import Mapping

from sqlalchemy import func, select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_settings
from crm.checks import Findings, checked_version, one_at_a_time
from crm.dictionaries import ADMINISTER, checked_code, checked_labels
from crm.errors import WrongFields
from crm.links.events import LinkTypeDefined
from crm.links.models import LinkTypeRow
from storage.unit_of_work import Reading, UnitOfWork

MOST = 200  # types


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineLinkType(Command):
    """Make a type, or change one; labels map pl, en, ro, ru to texts.

    `labels` say what the first record is to the second ("is the parent company of"), `inverse_labels` what the second
    is to the first; without them both directions are the same.
    """

    code: str
    labels: Mapping[str, str]
    inverse_labels: Mapping[str, str]
    is_retired: bool = False
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType:
    """A type of links; one that is retired stays on its links and is not offered."""

    code: str
    labels: dict[str, str]
    inverse_labels: dict[str, str]
    is_symmetric: bool
    is_retired: bool
    version: int


@handles(DefineLinkType, needs=ADMINISTER)
def define_link_type(command: DefineLinkType, unit: UnitOfWork) -> str:
    """Keep the type and return its code. Raises `WrongFields`, `ChangedMeanwhile`."""
    findings = Findings()
    one_at_a_time(unit, "link:type")
    row = unit.session.get(LinkTypeRow, command.code)
    code = command.code if row else checked_code(findings, "/code", command.code, "The code of a type")
    labels = checked_labels(findings, command.labels)
    inverse = checked_labels(
        Findings() if not any(command.inverse_labels.values()) else findings, command.inverse_labels
    )
    findings.refuse()
    if row is None:
        count, last = unit.session.execute(select(func.count(), func.coalesce(func.max(LinkTypeRow.position), 0))).one()
        if count >= MOST:
            raise WrongFields({"/code": f"There are {MOST} types of links at most."})
        row = LinkTypeRow(code=code, position=last + 1)
        unit.session.add(row)
    else:
        checked_version(f"The type {code}", expected=command.expected_version, current=row.row_version)
        if bool(inverse) != bool(row.inverse_labels):
            raise WrongFields({"/inverse_labels": "Whether both directions are the same stays as it was made."})
    row.labels, row.inverse_labels, row.is_retired = labels, inverse, command.is_retired
    unit.emit(LinkTypeDefined(code=code, labels=labels, inverse_labels=inverse, is_retired=command.is_retired))
    return code


def link_types(view: Reading) -> list[LinkType]:
    """All types in their order."""
    require_settings(view)
    rows = view.session.scalars(select(LinkTypeRow).order_by(LinkTypeRow.position, LinkTypeRow.code))
    return [_shown(row) for row in rows]


def types_by_code(view: Reading) -> dict[str, LinkType]:
    """All types, without asking for rights."""
    return {row.code: _shown(row) for row in view.session.scalars(select(LinkTypeRow))}


def _shown(row: LinkTypeRow) -> LinkType:
    return LinkType(
        code=row.code,
        labels=row.labels,
        inverse_labels=row.inverse_labels,
        is_symmetric=not row.inverse_labels,
        is_retired=row.is_retired,
        version=row.row_version,
    )
