"""Reading the offer editor's form: text as people write numbers becomes lines and terms."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from core.errors import InvalidInput
from crm.offer_content import Line
from crm.offers import UpdateOffer

COLUMNS = ("product_id", "description", "sku", "unit", "quantity", "unit_price", "discount", "vat_rate")
FLAGS = ("is_prepaid", "has_special_terms", "is_special_build")


def update_of(offer_id: str, form: MultiDict[str, str]) -> UpdateOffer:
    """The command that saves the form. Raises `InvalidInput` with a sentence that names the line."""
    columns = {name: form.getlist(name) for name in COLUMNS}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns.values(), strict=False)]
    return UpdateOffer(
        offer_id=offer_id,
        lines=tuple(_line(number, row) for number, row in enumerate(rows, start=1)),
        terms=_terms(form),
        expected_version=int(form.get("expected_version") or 0) or None,
    )


def _line(number: int, row: Mapping[str, str]) -> Line:
    product = row["product_id"] or None
    if product is None and not row["description"].strip():
        raise InvalidInput(f"Line {number} has no product. Choose one, or remove the line.")
    return Line(
        product_id=product,
        description=None if product else row["description"],
        sku=None if product else row["sku"] or None,
        unit=None if product else row["unit"] or None,
        quantity=_amount(row["quantity"], f"The quantity in line {number}"),
        unit_price=_amount(row["unit_price"], f"The price in line {number}"),
        discount=_amount(row["discount"], f"The discount in line {number}"),
        vat_rate=_amount(row["vat_rate"], f"The VAT rate in line {number}"),
    )


def _amount(text: str, what: str) -> Decimal:
    """Both 1,250.50 and 1 250,50 are understood."""
    plain = "".join(text.split()).replace("\u202f", "")
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise InvalidInput(f"{what} is {text!r}; write a number such as 1250.50.")
    return amount


def _terms(form: Mapping[str, str]) -> dict[str, Any]:
    valid_until, days = form.get("valid_until", ""), form.get("payment_days", "")
    if not days.strip().isdigit():
        raise InvalidInput(f"The payment days are {days!r}; write a whole number of days, such as 14.")
    try:
        last_day = date.fromisoformat(valid_until) if valid_until else None
    except ValueError as error:
        raise InvalidInput(f"{valid_until!r} is no day; write it as 2026-01-31.") from error
    return {
        "payment_days": int(days),
        "valid_until": last_day,
        "delivery_terms": form.get("delivery_terms") or None,
        "note": form.get("note") or None,
        **{flag: flag in form for flag in FLAGS},
    }
