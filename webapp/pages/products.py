"""The page of a product: its price, its parts, its documents and what it is linked with."""

from flask import render_template

from crm.devices.queries import parts_of
from crm.erp.supply import stock
from crm.queries import product
from documents.queries import linked_documents
from webapp.pages.blueprint import blueprint
from webapp.pages.shell import names
from webapp.web import view


@blueprint.get("/products/<id:product_id>", endpoint="product")
def show_product(product_id: str) -> str:
    """One product."""
    with view() as reading:
        found = product(reading, product_id)
        values = {
            "parts": parts_of(reading, found.id),
            "stock": stock(reading, found.id),
            "documents": linked_documents(reading, "crm.product", found.id),
        }
    quoted = found.sku.replace('"', " ")
    return render_template("product.html", product=found, names=names(), uses=f'"{quoted}" -kind:product', **values)
