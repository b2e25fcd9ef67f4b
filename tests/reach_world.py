"""A firm whose people look after different customers, with something of each kind that hangs on a customer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM, Actor
from crm.activities.content import Content
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.customers import CreateCustomer
from crm.devices.registering import DeviceData, RegisterDevice
from crm.offers import CreateOffer
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct
from crm.profiles import Profile
from engine.instances import EntityLink
from tests.crm_desk import make_line
from tests.search_desk import Desk, to
from webapp.accounts.logins import StartLogIn
from webapp.accounts.people import AddAccount
from webapp.accounts.queries import account_named, actor_named
from webapp.accounts.scopes import ChangeTeam, SetScopes, SetTeam
from webapp.bootstrap import Application

PEOPLE = {"ada": "north", "bob": "north", "cleo": "south", "dora": "purchase"}
REACHED = {
    "own": {"ada"},
    "team": {"ada", "bob"},
    "department": {"ada", "bob", "cleo"},
    "all": {"ada", "bob", "cleo", "dora"},
}
TODAY = date(2026, 1, 5)


class Firm(Desk):
    """Four people in three teams of two departments, each with a customer; the names of all records tell whose."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self.deploy()
        self.customers: dict[str, str] = {}
        self.cases: dict[str, str] = {}
        self.tasks: dict[str, str] = {}
        self.documents: dict[str, str] = {}
        for name, department in (("sales", None), ("north", "sales"), ("south", "sales"), ("purchase", None)):
            self.do(SetTeam(name=name, title=name.title(), department=department), SYSTEM)
        article = Article(sku="P-1", name="Pump", price=Decimal(100))
        self.product = str(self.do(CreateProduct(article=article), SYSTEM))
        for name, team in PEOPLE.items():
            self.do(AddAccount(name=name, roles=frozenset({"sales_rep", "bench"})), SYSTEM)
            self.do(ChangeTeam(account=name, team=team), SYSTEM)
        for name in PEOPLE:
            self.fill(name)

    def limit(self, scope: str, right: str = "customer.read", role: str = "sales_rep") -> None:
        self.do(SetScopes(role=role, scopes={right: scope}), SYSTEM)

    def actor(self, name: str) -> Actor:
        """As they are found when they log in."""
        with self.units.reading(SYSTEM) as view:
            return actor_named(view, name)

    def fill(self, name: str, actor: Actor = SYSTEM) -> None:
        """A customer and all that hangs on it, entered by somebody."""
        mark = mark_of(name)
        profile = Profile(name=f"{mark} Ltd", country="PL", owner=name)
        customer = self.customers[name] = str(self.do(CreateCustomer(profile=profile), actor).id)
        self.do(CreateContact(customer_id=customer, name=f"{mark} Person"), actor)
        lines = (make_line(description=f"{mark} pump"),)
        self.do(CreateOffer(customer_id=customer, lines=lines), actor)
        self.do(EnterOrder(customer_id=customer, lines=lines, ordered_on=TODAY, due_on=TODAY), actor)
        device = DeviceData(
            product_id=self.product, serial_number=f"{mark}-{customer}", customer_id=customer, purchased_on=TODAY
        )
        self.do(RegisterDevice(device=device), actor)
        self.plan(f"{mark} visit", customer, actor)
        link = EntityLink(entity="crm.customer", id=customer)
        started = self.start(f"{mark} case", actor, links=(link,))
        self.cases[name], self.tasks[name] = started.id, started.tasks[0].id
        self.documents[name] = self.file(f"{mark} letter", to("crm.customer", customer), actor=actor)
        self.file(f"{mark} paper", to("case", started.id), actor=actor)

    def plan(self, subject: str, customer: str | None, actor: Actor = SYSTEM) -> str:
        now = self.application.clock.now()
        content = Content(
            employee="ada",
            method="meeting",
            direction="outgoing",
            status="planned",
            subject=subject,
            customer_id=customer,
            planned_from=now,
        )
        return str(self.do(RegisterActivity(content=content), actor))


def mark_of(name: str) -> str:
    """What every record says that belongs to the customer of somebody, and nothing else."""
    return f"Xq{name}q"


def told(text: str) -> set[str]:
    """Whose records a text tells of."""
    return {name for name in PEOPLE if mark_of(name).lower() in text.lower()}


def asked(client: FlaskClient, address: str) -> set[str]:
    """Whose records an address shows."""
    with client.get(address) as answer:
        assert answer.status_code == 200, (address, answer.status_code, answer.get_data(as_text=True)[:500])
        return told(answer.get_data(as_text=True))


def browser(firm: Firm, app: Flask, name: str) -> FlaskClient:
    """One in which somebody is logged in."""
    with firm.units.reading(SYSTEM) as view:
        account_id = account_named(view, name).id
    log_in_id = firm.do(StartLogIn(account_id=account_id, keys=(), address=None), firm.actor(name))
    made = app.test_client()
    with made.session_transaction() as session:
        session["_user_id"] = log_in_id
    return made
