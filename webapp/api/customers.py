"""Customers and products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from crm import queries
from crm.customers import CreateCustomer, UpdateCustomer
from crm.profiles import Address, Email, Phone, Profile
from crm.queries import CustomerDetail, CustomerSummary, Product
from crm.queries import Page as CrmPage
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("customers")


class AddressBody(Body):
    """A postal address of a kind: registered, billing, delivery, correspondence."""

    kind: str = "registered"
    street: str
    postal_code: str = ""
    city: str
    region: str | None = None
    country: str


class PhoneBody(Body):
    """A phone number of a kind: office, mobile, fax, other."""

    number: str
    kind: str = "office"


class EmailBody(Body):
    """An e-mail address of a kind: office, billing, other."""

    address: str
    kind: str = "office"


class CustomerChanges(Body):
    """Fields of a customer; what is absent stays as it is, lists are replaced whole."""

    name: str = ""
    country: str = Field(default="", examples=["PL"])
    legal_name: str | None = None
    region: str | None = None
    tax_id: str | None = None
    currency: str = "PLN"
    credit_limit: Decimal | None = None
    payment_days: int | None = None
    reliability: str = "B"
    abc_class: str | None = None
    key_account: bool = False
    owner: str | None = None
    external_reference: str | None = None
    addresses: list[AddressBody] = Field(default_factory=list, max_length=50)
    phones: list[PhoneBody] = Field(default_factory=list, max_length=50)
    emails: list[EmailBody] = Field(default_factory=list, max_length=50)
    expected_version: int | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, as the profile wants it."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"expected_version"}}
        records = {"addresses": Address, "phones": Phone, "emails": Email}
        for name in records.keys() & sent.keys():
            sent[name] = tuple(records[name](**each.model_dump()) for each in sent[name])
        return sent


class CustomerBody(CustomerChanges):
    """A customer to enter."""

    name: str
    country: str = Field(examples=["PL"])


class ListQuery(Body):
    """Which ones."""

    q: str = ""
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


@routes.get("/customers", "Customers by number", query=ListQuery, answer=CrmPage[CustomerSummary], refusals=(403,))
def customers(query: ListQuery) -> Any:
    """List customers."""
    with view() as reading:
        return queries.customers(reading, query.q, after=query.after, limit=query.limit)


@routes.post(
    "/customers", "Enter a customer", body=CustomerBody, answer=CustomerDetail, status=201, refusals=(403, 409, 422)
)
def create_customer(body: CustomerBody) -> CustomerDetail:
    """Enter a customer."""
    created = run(CreateCustomer(profile=Profile(**body.changes())))
    with view() as reading:
        return queries.customer(reading, created.id)


@routes.get(
    "/customers/<key>", "One customer, by id, number or external reference", answer=CustomerDetail, refusals=(403, 404)
)
def customer(key: str) -> CustomerDetail:
    """Read one customer."""
    with view() as reading:
        return queries.customer(reading, key)


@routes.patch(
    "/customers/<id:customer_id>",
    "Change a customer",
    body=CustomerChanges,
    answer=CustomerDetail,
    refusals=(403, 404, 409, 422),
)
def update_customer(customer_id: str, body: CustomerChanges) -> CustomerDetail:
    """Change a customer."""
    command = UpdateCustomer(customer_id=customer_id, changes=body.changes(), expected_version=body.expected_version)
    run(command)
    with view() as reading:
        return queries.customer(reading, customer_id)


@routes.get("/products", "Products by article number", query=ListQuery, answer=CrmPage[Product], refusals=(403,))
def products(query: ListQuery) -> Any:
    """List products."""
    with view() as reading:
        return queries.products(reading, query.q, after=query.after, limit=query.limit)


@routes.get("/products/<key>", "One product, by id or article number", answer=Product, refusals=(403, 404))
def product(key: str) -> Product:
    """Read one product."""
    with view() as reading:
        return queries.product(reading, key)
