"""What a record says when it is handed over: plain values under the names of the REST API, amounts as text."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core.errors import InvalidInput
from crm.erp import words as known
from crm.erp.errors import PartsOrderNotFound
from crm.erp.models import PartsOrderRow
from crm.errors import CustomerNotFound, OrderNotFound, ProductNotFound
from crm.models import CustomerRow, OrderRow, ProductRow
from crm.money import plain
from storage.unit_of_work import Reading

CUSTOMER = (
    *("number", "name", "legal_name", "country", "tax_id", "currency", "payment_days", "external_reference"),
    *("incoterm", "lead_days"),
)
ADDRESS = ("kind", "street", "postal_code", "city", "region", "country")
PRODUCT = ("sku", "name", "category", "unit", "price", "currency", "vat_rate", "is_active", "external_reference")
ORDER = (
    *("number", "ordered_on", "due_on", "currency", "exchange_rate", "freight", "net", "gross", "payment_days"),
    *("delivery_address", "external_reference"),
)
PARTS_ORDER = ("number", "supplier", "parts", "expected_on")
LINE = ("position", "sku", "description", "quantity", "unit", "unit_price", "discount", "vat_rate")


def read(view: Reading, entity: str, record_id: str) -> tuple[str, dict[str, Any]]:
    """What people call the record, and what it says. Raises `NotFound`, `InvalidInput`."""
    if entity == known.CUSTOMER:
        return _customer(view, record_id)
    if entity == known.PRODUCT:
        return _product(view, record_id)
    if entity == known.ORDER:
        return _order(view, record_id)
    if entity == known.PARTS_ORDER:
        return _parts_order(view, record_id)
    raise InvalidInput(f"Nobody hands {entity} over. Known are {', '.join(known.ENTITIES)}.")


def digest_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 of what was said, whatever the order of its names."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _customer(view: Reading, record_id: str) -> tuple[str, dict[str, Any]]:
    row = view.session.get(CustomerRow, record_id)
    if row is None:
        raise CustomerNotFound(record_id)
    content = _told(row, CUSTOMER) | {
        "addresses": [_told(each, ADDRESS) for each in row.addresses],
        "phones": [{"kind": each.kind, "number": each.number or each.as_written} for each in row.phones],
        "emails": [{"kind": each.kind, "address": each.address} for each in row.emails],
    }
    return f"{row.number} {row.name}", content


def _product(view: Reading, record_id: str) -> tuple[str, dict[str, Any]]:
    row = view.session.get(ProductRow, record_id)
    if row is None:
        raise ProductNotFound(record_id)
    return f"{row.sku} {row.name}", _told(row, PRODUCT)


def _order(view: Reading, record_id: str) -> tuple[str, dict[str, Any]]:
    row = view.session.get(OrderRow, record_id)
    if row is None:
        raise OrderNotFound(record_id)
    buyer = view.session.get_one(CustomerRow, row.customer_id)
    content = _told(row, ORDER) | {"customer": buyer.number, "lines": [_told(each, LINE) for each in row.lines]}
    return f"{row.number} {buyer.name}", content


def _parts_order(view: Reading, record_id: str) -> tuple[str, dict[str, Any]]:
    row = view.session.get(PartsOrderRow, record_id)
    if row is None:
        raise PartsOrderNotFound(record_id)
    return row.number, _told(row, PARTS_ORDER) | {"case": row.case_id}


def _told(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else value
