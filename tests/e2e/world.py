"""The installation that the browser tests walk through: people, the process, and a firm's customers and orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from core.identity import SYSTEM, Actor
from core.records import dataclass
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.devices.contracts import SaveContract
from crm.northwind import import_northwind
from crm.offer_content import Line
from crm.offer_queries import offer
from crm.offers import CreatedOffer, CreateOffer
from crm.profiles import Profile
from crm.reorders import OfferFromOrder
from documents.document_types import DefineDocumentType
from engine.definitions import DeployDefinitions, DeploymentFile
from processes import PACKAGES
from tests.web import WHOLE_FIRM
from webapp.accounts.people import AddAccount
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application, bring_up_to_date, build

PASSWORD = "rzeka-latarnia-47"
NORTHWIND = Path(__file__).parents[3] / "shared" / "data" / "northwind" / "northwind.sqlite"
ORDER = "northwind:order:10250"  # lines with 15 % discount and a small value: the sales manager alone decides
CONTRACT = {"components": [{"type": "textfield", "key": "counterparty", "label": "Counterparty"}]}
PEOPLE = {
    "ewa": ("Ewa Kowalska", "sales_rep"),
    "jan": ("Jan Lis", "sales_manager"),
    "piotr": ("Piotr Rak", "credit_controller"),
    "adam": ("Adam Wrona", "auditor"),
    "marek": ("Marek Sowa", "process_designer"),
    "admin": ("Administrator", " ".join(WHOLE_FIRM)),
}


@dataclass(frozen=True, slots=True)
class World:
    """What the tests need to know of the installation."""

    data: Path
    offers: tuple[str, ...]  # numbers of drafts that the sales manager will have to approve


def actor(name: str) -> Actor:
    """One of the people."""
    display_name, named = PEOPLE[name]
    roles = frozenset(named.split())
    return Actor(id=name, name=display_name, roles=roles, permissions=permissions_of(roles))


def prepare(data: Path, *, offers: int) -> World:
    """Fill an empty data folder."""
    application = build(Settings(data=data), owner=True)
    try:
        bring_up_to_date(application, allowed=True)
        return World(data=data, offers=_fill(application, offers))
    finally:
        application.close()


def _fill(application: Application, offers: int) -> tuple[str, ...]:
    execute = application.executor.execute
    add_people(application)
    for package in PACKAGES:
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
        execute(DeployDefinitions(files=files), actor=SYSTEM)
    execute(DefineDocumentType(key="contract", name="Contract", form=CONTRACT, numbering="C/{seq:03}"), actor=SYSTEM)
    draft = _northwind(application) if NORTHWIND.exists() else _own(application)
    made: list[CreatedOffer] = [execute(draft, actor=actor("ewa")) for _ in range(offers)]
    _service(application, made[0].id)
    return tuple(each.number for each in made)


def _service(application: Application, offer_id: str) -> None:
    """A service contract with the customer of an offer."""
    with application.units.reading(SYSTEM) as view:
        customer_id = offer(view, offer_id).customer_id
    terms = SaveContract(
        customer_id=customer_id,
        name="Full service",
        starts_on=date(2026, 1, 1),
        response_hours=Decimal(8),
        note="The keys are at the reception.",
    )
    application.executor.execute(terms, actor=SYSTEM)


def add_people(application: Application) -> None:
    """Give everybody an account."""
    for name, (display_name, named) in PEOPLE.items():
        account = AddAccount(name=name, display_name=display_name, roles=frozenset(named.split()), password=PASSWORD)
        application.executor.execute(account, actor=SYSTEM)


def _northwind(application: Application) -> OfferFromOrder:
    import_northwind(application.executor, NORTHWIND, actor=SYSTEM)
    return OfferFromOrder(order=ORDER)


def _own(application: Application) -> CreateOffer:
    print(f"{NORTHWIND} is not there: the browser tests walk through data of their own")  # noqa: T201 -- a reason
    profile = Profile(name="Zakłady Mechaniczne Wisła", country="PL", payment_days=30, credit_limit=Decimal(100_000))
    customer = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM)
    lines = tuple(
        Line(
            quantity=Decimal(quantity),
            description=description,
            unit_price=Decimal(price),
            discount=Decimal(15),
            vat_rate=Decimal(23),
            unit_cost=Decimal(price) / 2,
        )
        for description, quantity, price in (("Pompa obiegowa", 10, "120.50"), ("Zawór kulowy", 35, "8.90"))
    )
    return CreateOffer(customer_id=customer.id, lines=lines)
