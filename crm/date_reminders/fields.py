"""The fields with days that a rule may be about: those of records as they come, and the firm's own."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, cast, inspect, select

from core.records import dataclass
from crm.access import require_settings
from crm.campaigns.models import CampaignRow
from crm.custom_fields import ENTITIES, fields_of
from crm.devices.models import DeviceRow, ServiceContractRow
from crm.models import ContactRow, CustomerRow, OfferRow, OfferVersionRow, OrderRow
from crm.order_states import OPEN_STATES
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading, UnitOfWork

CUSTOM = "custom"
DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind of record: its table, whose customer it is, and which of its rows still matter."""

    label: str
    row: Any
    customer: Any
    matters: ColumnElement[bool]
    is_of_customer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField:
    """A field with a day; `key` is what rules name."""

    key: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A record with its day; `customer_id` is None where it belongs to none."""

    kind: str
    id: str
    day: date
    customer_id: str | None


SOURCES: dict[str, Source] = {
    "crm.customer": Source(
        label="Customer", row=CustomerRow, customer=CustomerRow.id, matters=CustomerRow.merged_into.is_(None)
    ),
    "crm.contact": Source(
        label="Contact", row=ContactRow, customer=ContactRow.customer_id, matters=ContactRow.is_active.is_(True)
    ),
    "crm.offer": Source(
        label="Offer", row=OfferRow, customer=OfferRow.customer_id, matters=OfferRow.state.in_(("approved", "sent"))
    ),
    "crm.order": Source(
        label="Order", row=OrderRow, customer=OrderRow.customer_id, matters=OrderRow.state != "cancelled"
    ),
    "crm.invoice": Source(
        label="Invoice", row=InvoiceRow, customer=InvoiceRow.customer_id, matters=InvoiceRow.balance != 0
    ),
    "crm.device": Source(
        label="Device", row=DeviceRow, customer=DeviceRow.customer_id, matters=DeviceRow.state != "out_of_use"
    ),
    "crm.service_contract": Source(
        label="Service contract",
        row=ServiceContractRow,
        customer=ServiceContractRow.customer_id,
        matters=ServiceContractRow.ended_reason.is_(None),
    ),
    "crm.campaign": Source(
        label="Campaign",
        row=CampaignRow,
        customer=CampaignRow.owner,
        matters=CampaignRow.id.is_not(None),
        is_of_customer=False,
    ),
}
ELSEWHERE: dict[str, tuple[str, Any, Callable[[Select[Any]], Select[Any]]]] = {  # days beside the table of a record
    "crm.offer": (
        "valid_until",
        OfferVersionRow.valid_until,
        lambda wanted: wanted.join(
            OfferVersionRow, and_(OfferVersionRow.offer_id == OfferRow.id, OfferVersionRow.n == OfferRow.version)
        ),
    ),
}
OPEN_ONLY = {"crm.order.due_on": OrderRow.state.in_(OPEN_STATES)}  # what nobody waits for any more


def date_fields(view: Reading) -> list[DateField]:
    """All fields with days, by kind of record."""
    require_settings(view)
    return known_fields(view)


def known_fields(view: Reading | UnitOfWork) -> list[DateField]:
    """The same for whoever checks a rule."""
    found = []
    for kind, source in SOURCES.items():
        names = [*_columns(source), *([ELSEWHERE[kind][0]] if kind in ELSEWHERE else [])]
        found += [DateField(key=f"{kind}.{each}", label=f"{source.label}: {_words(each)}") for each in names]
        if kind in ENTITIES:
            own = (each for each in fields_of(view, kind) if each.type == DATE)
            found += [
                DateField(
                    key=f"{kind}.{CUSTOM}.{each.key}",
                    label=f"{source.label}: {each.labels.get('en') or next(iter(each.labels.values()), each.key)}",
                )
                for each in own
            ]
    return found


def kind_of(field: str) -> str:
    """The kind of record of a field."""
    return next(kind for kind in SOURCES if field.startswith(f"{kind}."))


def with_day_between(
    view: Reading | UnitOfWork, field: str, first: date, last: date, *, limit: int, but: Callable[[Any, Any], Any]
) -> Sequence[Due]:
    """Records whose day lies between two days, both inclusive, and that still matter; `but` leaves some out."""
    kind = kind_of(field)
    source, name = SOURCES[kind], field.removeprefix(f"{kind}.")
    wanted = select(source.row.id)
    if name.startswith(f"{CUSTOM}."):
        day: Any = source.row.custom[name.removeprefix(f"{CUSTOM}.")].astext
        told: Any = cast(day, Date)  # looked at behind the span: what is stored was checked to be a day
        span = day.between(first.isoformat(), last.isoformat())
    elif kind in ELSEWHERE and name == ELSEWHERE[kind][0]:
        day = ELSEWHERE[kind][1]
        told, wanted, span = day, ELSEWHERE[kind][2](wanted), day.between(first, last)
    else:
        day = told = getattr(source.row, name)
        span = day.between(first, last)
    wanted = wanted.add_columns(day, source.customer).where(span, source.matters)
    wanted = wanted.where(but(source.row.id, told))
    if field in OPEN_ONLY:
        wanted = wanted.where(OPEN_ONLY[field])
    rows = view.session.execute(wanted.order_by(day, source.row.id).limit(limit))
    return [
        Due(
            kind=kind,
            id=key,
            day=date.fromisoformat(when) if isinstance(when, str) else when,
            customer_id=customer if source.is_of_customer else None,
        )
        for key, when, customer in rows
    ]


def _columns(source: Source) -> list[str]:
    return [each.key for each in inspect(source.row).columns if isinstance(each.type, Date)]


def _words(name: str) -> str:
    return name.removesuffix("_on").replace("_", " ")
