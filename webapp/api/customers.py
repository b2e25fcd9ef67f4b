"""Customers and products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from crm import queries
from crm.blocking import LONGEST, Block, BlockCustomer, UnblockCustomer, blocks
from crm.cards import Card, card
from crm.customers import CreateCustomer, UpdateCustomer
from crm.opening import NoteCustomerOpened
from crm.products import Article, CreateProduct, UpdateProduct
from crm.profiles import Profile
from crm.queries import CustomerSummary, Product
from crm.queries import Page as CrmPage
from webapp.api.customer_shapes import CustomerBody, CustomerChanges, ListQuery
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("customers")
BLOCKING = (403, 404, 409, 422)


class ProductBody(Body):
    """Something that the firm sells."""

    sku: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=200)
    price: Decimal
    category: str | None = None
    unit: str = "pc"
    currency: str = "PLN"
    vat_rate: Decimal = Decimal(23)
    cost: Decimal | None = None
    is_active: bool = True
    external_reference: str | None = None


class ProductChanges(Body):
    """Fields of a product; what is absent stays as it is, whatever the default here."""

    sku: str = Field(default="", max_length=64)
    name: str = Field(default="", max_length=200)
    price: Decimal = Decimal(0)
    category: str | None = None
    unit: str = ""
    currency: str = ""
    vat_rate: Decimal = Decimal(0)
    cost: Decimal | None = None
    is_active: bool = True
    external_reference: str | None = None
    expected_version: int | None = None


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=LONGEST)


@routes.get("/customers", "Customers by number", query=ListQuery, answer=CrmPage[CustomerSummary], refusals=(403,))
def customers(query: ListQuery) -> Any:
    """List customers."""
    with view() as reading:
        return queries.customers(reading, query.q, after=query.after, limit=query.limit)


@routes.post("/customers", "Enter a customer", body=CustomerBody, answer=Card, status=201, refusals=(403, 409, 422))
def create_customer(body: CustomerBody) -> Card:
    """Enter a customer."""
    created = run(CreateCustomer(profile=Profile(**body.changes())))
    with view() as reading:
        return card(reading, created.id)


@routes.get("/customers/<key>", "One customer, by id, number or external reference", answer=Card, refusals=(403, 404))
def customer(key: str) -> Card:
    """Read one customer."""
    with view() as reading:
        found = card(reading, key)
    run(NoteCustomerOpened(customer_id=found.id))
    return found


@routes.patch(
    "/customers/<id:customer_id>",
    "Change a customer",
    body=CustomerChanges,
    answer=Card,
    refusals=(403, 404, 409, 422),
)
def update_customer(customer_id: str, body: CustomerChanges) -> Card:
    """Change a customer."""
    command = UpdateCustomer(customer_id=customer_id, changes=body.changes(), expected_version=body.expected_version)
    run(command)
    with view() as reading:
        return card(reading, customer_id)


@routes.post("/customers/<id:customer_id>/block", "Block a customer", body=ReasonBody, answer=Card, refusals=BLOCKING)
def block_customer(customer_id: str, body: ReasonBody) -> Card:
    """Offer and sell nothing new to a customer."""
    run(BlockCustomer(customer_id=customer_id, reason=body.reason))
    with view() as reading:
        return card(reading, customer_id)


@routes.post(
    "/customers/<id:customer_id>/unblock",
    "Lift what blocks a customer",
    body=ReasonBody,
    answer=Card,
    refusals=BLOCKING,
)
def unblock_customer(customer_id: str, body: ReasonBody) -> Card:
    """Let offers and orders be made again."""
    run(UnblockCustomer(customer_id=customer_id, reason=body.reason))
    with view() as reading:
        return card(reading, customer_id)


@routes.get(
    "/customers/<id:customer_id>/blocks", "When a customer was blocked, and why", answer=list[Block], refusals=(403,)
)
def customer_blocks(customer_id: str) -> list[Block]:
    """List the blocks of a customer."""
    with view() as reading:
        return blocks(reading, customer_id)


@routes.get("/products", "Products by article number", query=ListQuery, answer=CrmPage[Product], refusals=(403,))
def products(query: ListQuery) -> Any:
    """List products."""
    with view() as reading:
        return queries.products(reading, query.q, after=query.after, limit=query.limit)


@routes.post("/products", "Enter a product", body=ProductBody, answer=Product, status=201, refusals=(403, 409, 422))
def create_product(body: ProductBody) -> Product:
    """Enter a product."""
    product_id = run(CreateProduct(article=Article(**body.model_dump())))
    with view() as reading:
        return queries.product(reading, product_id)


@routes.patch(
    "/products/<id:product_id>",
    "Change a product; offers and orders keep the values that they were made with",
    body=ProductChanges,
    answer=Product,
    refusals=(403, 404, 409, 422),
)
def update_product(product_id: str, body: ProductChanges) -> Product:
    """Change a product."""
    changes = body.model_dump(exclude_unset=True, exclude={"expected_version"})
    run(UpdateProduct(product_id=product_id, changes=changes, expected_version=body.expected_version))
    with view() as reading:
        return queries.product(reading, product_id)


@routes.get("/products/<key>", "One product, by id or article number", answer=Product, refusals=(403, 404))
def product(key: str) -> Product:
    """Read one product."""
    with view() as reading:
        return queries.product(reading, key)
