"""Reading offers: lists, one offer with its lines, versions and decisions, and the facts that an approval needs."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

from core.records import dataclass
from crm.access import require_read
from crm.company import company
from crm.errors import OfferNotFound
from crm.logistics import misfits
from crm.models import CustomerRow, OfferDecisionRow, OfferLineRow, OfferRow, OfferVersionRow
from crm.money import Totals, line_net, rounded, totals
from crm.offer_content import Terms, terms_of
from crm.queries import OrderLine, Page, page
from storage.unit_of_work import Reading

EDITABLE = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSummary:
    """An offer in a list."""

    id: str
    number: str
    customer_id: str
    customer_name: str
    state: str
    version: int
    net: Decimal
    gross: Decimal
    currency: str
    owner: str
    owner_name: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLine(OrderLine):
    """One line of an offer; `net` is rounded to cents."""

    unit_cost: Decimal | None
    price_source: str | None  # such as "personal: Dealers 2026"; "manual" where somebody wrote another price


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSummary:
    """One version of an offer."""

    n: int
    state: str
    net: Decimal
    gross: Decimal
    digest: str | None
    author_name: str
    created_at: datetime
    frozen_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided on a version, bound to the digest of what it said."""

    version: int
    digest: str
    case_id: str
    level: int
    group: str
    decision: str
    comment: str | None
    actor: str
    actor_name: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as one of its versions says it."""

    id: str
    number: str
    customer_id: str
    customer_name: str
    state: str  # of the offer
    version: int  # the one that is told here
    version_state: str
    newest: int
    currency: str
    exchange_rate: Decimal  # the company's currency per unit of the offer's
    terms: Terms
    lines: list[OfferLine]
    totals: Totals
    digest: str | None
    owner: str
    owner_name: str
    author: str
    created_at: datetime
    frozen_at: datetime | None
    versions: list[VersionSummary]
    decisions: list[Decision]
    warnings: list[str]  # what does not fit the customer's logistic limits, as sentences
    row_version: int

    @property
    def is_editable(self) -> bool:
        """Whether an edit would be accepted now."""
        return self.state == EDITABLE and self.version == self.newest

    @property
    def net_in_company_currency(self) -> Decimal:
        """The net value that thresholds are compared with."""
        return rounded(self.totals.net * self.exchange_rate)

    @property
    def gross_in_company_currency(self) -> Decimal:
        """The gross value that limits are compared with."""
        return rounded(self.totals.gross * self.exchange_rate)

    @property
    def valid_until(self) -> date | None:
        """The last day on which the customer can accept."""
        return self.terms.valid_until


def offers(
    view: Reading,
    *,
    customer_id: str | None = None,
    state: str | None = None,
    owner: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[OfferSummary]:
    """Offers, the newest number first, of a customer, in a state, of an owner."""
    require_read(view)
    wanted = select(OfferRow)
    for column, value in (
        (OfferRow.customer_id, customer_id),
        (OfferRow.state, state),
        (OfferRow.owner, owner),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    rows, following, total = page(view, wanted, OfferRow.number, after=after, limit=limit, newest_first=True)
    ids = [row.id for row in rows]
    versions = {
        (each.offer_id, each.n): each
        for each in view.session.scalars(select(OfferVersionRow).where(OfferVersionRow.offer_id.in_(ids)))
    }
    named = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_([row.customer_id for row in rows]))
    names = {each.id: each.name for each in view.session.execute(named)}
    items = [_summary(row, versions[row.id, row.version], names[row.customer_id]) for row in rows]
    return Page(items=items, next=following, total=total)


def offer(view: Reading, key: str, *, version: int | None = None) -> Offer:
    """An offer by id or number, as its newest version says it or as an older one did. Raises `OfferNotFound`."""
    require_read(view)
    row = view.session.scalars(select(OfferRow).where((OfferRow.id == key) | (OfferRow.number == key))).first()
    if row is None:
        raise OfferNotFound(key)
    wanted = select(OfferVersionRow).where(OfferVersionRow.offer_id == row.id).order_by(OfferVersionRow.n)
    versions = {each.n: each for each in view.session.scalars(wanted)}
    told = versions.get(version or row.version)
    if told is None:
        raise OfferNotFound(f"{key}, version {version}")
    decided = select(OfferDecisionRow).where(OfferDecisionRow.offer_id == row.id)
    buyer, sums = view.session.get_one(CustomerRow, row.customer_id), totals(told.lines)
    return Offer(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        customer_name=buyer.name,
        state=row.state,
        version=told.n,
        version_state=told.state,
        newest=row.version,
        currency=told.currency,
        exchange_rate=told.exchange_rate,
        terms=terms_of(told),
        lines=[_line(line) for line in told.lines],
        totals=sums,
        digest=told.digest,
        owner=row.owner,
        owner_name=row.owner_name,
        author=told.author,
        created_at=row.created_at,
        frozen_at=told.frozen_at,
        versions=[_version(each) for each in versions.values()],
        decisions=[_decision(each) for each in view.session.scalars(decided.order_by(OfferDecisionRow.decided_at))],
        warnings=misfits(buyer, rounded(sums.net * told.exchange_rate), company(view).currency),
        row_version=row.row_version,
    )


def _summary(row: OfferRow, version: OfferVersionRow, customer_name: str) -> OfferSummary:
    return OfferSummary(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        customer_name=customer_name,
        state=row.state,
        version=row.version,
        net=version.net,
        gross=version.gross,
        currency=version.currency,
        owner=row.owner,
        owner_name=row.owner_name,
        changed_at=row.changed_at,
    )


def _line(line: OfferLineRow) -> OfferLine:
    return OfferLine(
        position=line.position,
        product_id=line.product_id,
        sku=line.sku,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount,
        vat_rate=line.vat_rate,
        unit_cost=line.unit_cost,
        price_source=line.price_source,
        net=rounded(line_net(line)),
    )


def _version(row: OfferVersionRow) -> VersionSummary:
    return VersionSummary(
        n=row.n,
        state=row.state,
        net=row.net,
        gross=row.gross,
        digest=row.digest,
        author_name=row.author_name,
        created_at=row.created_at,
        frozen_at=row.frozen_at,
        decided_at=row.decided_at,
    )


def _decision(row: OfferDecisionRow) -> Decision:
    return Decision(
        version=row.version,
        digest=row.digest,
        case_id=row.case_id,
        level=row.level,
        group=row.group,
        decision=row.decision,
        comment=row.comment,
        actor=row.actor,
        actor_name=row.actor_name,
        decided_at=row.decided_at,
    )
