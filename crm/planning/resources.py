"""Rooms and devices that people share: entering and changing them."""

from dataclasses import asdict, replace
from datetime import time
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_settings
from crm.changes import told
from crm.checks import Findings, checked_version, one_at_a_time
from crm.dictionaries import ADMINISTER
from crm.planning.errors import ResourceExists, ResourceNotFound
from crm.planning.events import ResourceWritten
from crm.planning.models import ResourceRow
from storage.unit_of_work import Reading, UnitOfWork

KINDS = ("room", "device", "vehicle", "other")
MOST = 500  # resources of one installation that lists show
MOST_PEOPLE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that is entered about a resource: for how many people, who may book it, when, and what an hour costs.

    Without `groups` everybody may; without hours it can be had day and night, else from `opens` to `closes` in the
    company's zone.
    """

    name: str
    kind: str
    place: str | None = None
    capacity: int | None = None
    groups: tuple[str, ...] = ()
    opens: time | None = None
    closes: time | None = None
    hourly_cost: Decimal | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Offer):
    """A room or a device."""

    id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResource(Command):
    """Enter a resource, or change the one of that id."""

    offer: Offer
    resource_id: str | None = None
    expected_version: int | None = None


@handles(WriteResource, needs=ADMINISTER)
def write_resource(command: WriteResource, unit: UnitOfWork) -> str:
    """Keep a resource and return its id. Raises `WrongFields`, `ResourceExists`, `ChangedMeanwhile`."""
    offer = _checked(command.offer)
    one_at_a_time(unit, "resource:names")
    same = unit.session.scalar(select(ResourceRow.id).where(ResourceRow.name == offer.name))
    if same is not None and same != command.resource_id:
        raise ResourceExists(offer.name)
    if command.resource_id is None:
        row = ResourceRow(id=new_id(), created_at=unit.clock.now())
        unit.session.add(row)
    else:
        row = found(unit, command.resource_id)
        checked_version(f"The resource {row.name}", expected=command.expected_version, current=row.row_version)
    values = asdict(offer) | {"groups": list(offer.groups)}
    for name, value in values.items():
        setattr(row, name, value)
    unit.emit(
        ResourceWritten(
            resource_id=row.id,
            values={
                name: value.isoformat() if isinstance(value, time) else told(value) for name, value in values.items()
            },
        )
    )
    return row.id


def resources(view: Reading, *, all_of_them: bool = False) -> list[Resource]:
    """Rooms and devices by kind and name, those in use or all."""
    require_settings(view)
    wanted = select(ResourceRow).order_by(ResourceRow.kind, ResourceRow.name).limit(MOST)
    if not all_of_them:
        wanted = wanted.where(ResourceRow.is_active)
    return [shown(row) for row in view.session.scalars(wanted)]


def resource(view: Reading, resource_id: str) -> Resource:
    """One of them. Raises `ResourceNotFound`."""
    require_settings(view)
    return shown(found(view, resource_id))


def found(view: Reading | UnitOfWork, resource_id: str) -> ResourceRow:
    """A resource's row. Raises `ResourceNotFound`."""
    row = view.session.get(ResourceRow, resource_id)
    if row is None:
        raise ResourceNotFound(resource_id)
    return row


def shown(row: ResourceRow) -> Resource:
    """A row as others see it."""
    return Resource(
        id=row.id,
        name=row.name,
        kind=row.kind,
        place=row.place,
        capacity=row.capacity,
        groups=tuple(row.groups),
        opens=row.opens,
        closes=row.closes,
        hourly_cost=row.hourly_cost,
        is_active=row.is_active,
        version=row.row_version,
    )


def _checked(offer: Offer) -> Offer:
    findings = Findings()
    normal = replace(
        offer,
        name=findings.text("/name", offer.name, "The name"),
        kind=findings.choice("/kind", offer.kind, "The kind", KINDS),
        place=findings.optional("/place", offer.place, "The place"),
        groups=tuple(dict.fromkeys(offer.groups)),
    )
    if offer.capacity is not None and not 1 <= offer.capacity <= MOST_PEOPLE:
        findings.add("/capacity", f"The number of people is between 1 and {MOST_PEOPLE}.")
    if offer.hourly_cost is not None:
        findings.amount("/hourly_cost", offer.hourly_cost, "What an hour costs", places=2)
    if (offer.opens is None) != (offer.closes is None):
        findings.add("/closes", "Give both hours, or none.")
    elif offer.opens is not None and offer.closes is not None and offer.opens >= offer.closes:
        findings.add("/closes", "It closes before it opens.")
    findings.refuse()
    return normal
