"""Entering and changing campaigns, and reading them."""

from dataclasses import asdict, replace
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from crm.access import require_read
from crm.campaigns.models import CampaignRow
from crm.checks import Findings, checked_version
from crm.outbox.words import SEND
from crm.paging import Part, keyset
from storage.unit_of_work import Reading, UnitOfWork

CAMPAIGN = "crm.campaign"
LONGEST = 2000  # characters of a goal


class CampaignNotFound(NotFound):
    """There is no such campaign."""

    code = "campaign_not_found"

    def __init__(self, campaign_id: str) -> None:
        super().__init__(f"There is no campaign {campaign_id}. Look at the list of campaigns.", campaign=campaign_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSaved(Event):
    """A campaign was entered or changed."""

    type: ClassVar[str] = "campaign.saved"

    campaign_id: str
    values: dict[str, Any]

    @property
    def stream(self) -> str:
        """The campaign's own."""
        return f"campaign:{self.campaign_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignData:
    """What is entered of a campaign; one without a last day goes on."""

    name: str
    begins_on: date
    ends_on: date | None = None
    goal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(CampaignData):
    """A campaign."""

    id: str
    owner: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCampaign(Command):
    """Enter a campaign, or change the one of that id."""

    data: CampaignData
    campaign_id: str | None = None
    expected_version: int | None = None


@handles(SaveCampaign, needs=SEND)
def save_campaign(command: SaveCampaign, unit: UnitOfWork) -> str:
    """Keep it and return its id. Raises `WrongFields`, `CampaignNotFound`, `ChangedMeanwhile`."""
    findings = Findings()
    data = replace(
        command.data,
        name=findings.text("/name", command.data.name, "The name"),
        goal=findings.optional("/goal", command.data.goal, "The goal", longest=LONGEST),
    )
    if data.ends_on is not None and data.ends_on < data.begins_on:
        findings.add("/ends_on", "The last day lies before the first one.")
    findings.refuse()
    if command.campaign_id is None:
        row = CampaignRow(id=new_id(), owner=unit.actor.id, created_at=unit.clock.now())
        unit.session.add(row)
    else:
        row = _row(unit, command.campaign_id)
        checked_version(f"The campaign {row.name}", expected=command.expected_version, current=row.row_version)
    for name, value in asdict(data).items():
        setattr(row, name, value)
    told = asdict(data) | {name: value and value.isoformat() for name, value in _days(data).items()}
    unit.emit(CampaignSaved(campaign_id=row.id, values=told))
    return row.id


def campaign(view: Reading, campaign_id: str) -> Campaign:
    """One of them. Raises `CampaignNotFound`."""
    require_read(view)
    return _told(_row(view, campaign_id))


def campaigns(view: Reading, *, after: str | None = None, limit: int = 50) -> Part[Campaign]:
    """Campaigns, those that began last first."""
    require_read(view)
    rows, following, total = keyset(
        view, select(CampaignRow), (CampaignRow.begins_on, CampaignRow.id), after=after, limit=limit
    )
    return Part(items=[_told(row) for row in rows], next=following, total=total)


def _days(data: CampaignData) -> dict[str, date | None]:
    return {"begins_on": data.begins_on, "ends_on": data.ends_on}


def _row(view: Reading | UnitOfWork, campaign_id: str) -> CampaignRow:
    row = view.session.get(CampaignRow, campaign_id)
    if row is None:
        raise CampaignNotFound(campaign_id)
    return row


def _told(row: CampaignRow) -> Campaign:
    names = CampaignData.__dataclass_fields__
    values = {name: getattr(row, name) for name in names}
    return Campaign(**values, id=row.id, owner=row.owner, version=row.row_version)
