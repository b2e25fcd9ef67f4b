"""Price lists: all of them, one with its prices, and the form with one price a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm import queries
from crm.errors import CustomerNotFound, ProductNotFound, WrongFields
from crm.money import plain
from crm.pricing import lists
from crm.pricing.lists import ListedPrice, PriceLine, SavePriceList
from crm.segments.queries import segments
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.web import run, view

COLUMNS = 4  # article; from quantity; price; most discount
LEAST = 2


@blueprint.get("/price-lists", endpoint="price_lists")
def list_price_lists() -> str:
    """All lists."""
    with view() as reading:
        return render_template("pricing/lists.html", lists=lists.price_lists(reading))


@blueprint.get("/price-lists/new")
def new_price_list() -> str:
    """An empty form."""
    with view() as reading:
        today = reading.clock.now().date().isoformat()
        given = {"currency": "PLN", "valid_from": today, "customer": asked("customer"), "prices": ""}
        return _form(reading, given)


@blueprint.get("/price-lists/<id:price_list_id>")
def price_list(price_list_id: str) -> str:
    """One list as a form."""
    with view() as reading:
        found = lists.price_list(reading, price_list_id)
        customer = queries.customer(reading, found.customer_id).number if found.customer_id else ""
        given = {
            "id": found.id,
            "version": str(found.version),
            "name": found.name,
            "currency": found.currency,
            "valid_from": found.valid_from.isoformat(),
            "valid_until": found.valid_until.isoformat() if found.valid_until else "",
            "customer": customer,
            "segment_id": found.segment_id or "",
            "is_retired": "on" if found.is_retired else "",
            "prices": written(found.prices),
        }
        return _form(reading, given)


@blueprint.post("/price-lists")
def save_price_list() -> Response:
    """Keep it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        kept = run(_command(given))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _form(reading, given, refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.price_list", price_list_id=kept))


def written(prices: Sequence[PriceLine]) -> str:
    """Prices as the form has them: article; from quantity; price; most discount."""
    return "\n".join(
        "; ".join(
            (
                each.sku,
                plain(each.from_quantity),
                plain(each.price),
                plain(each.most_discount) if each.most_discount is not None else "",
            )
        )
        for each in prices
    )


def _command(given: dict[str, str]) -> SavePriceList:
    with view() as reading:
        prices = tuple(
            _price(reading, n, line) for n, line in enumerate(given.get("prices", "").splitlines(), 1) if line.strip()
        )
        try:
            customer = queries.customer(reading, given["customer"]).id if given.get("customer") else None
        except CustomerNotFound as error:
            raise WrongFields({"/customer_id": "There is no customer with this number."}) from error
    return SavePriceList(
        name=given.get("name", ""),
        currency=given.get("currency", ""),
        valid_from=_day(given.get("valid_from", ""), "/valid_from"),
        valid_until=_day(given["valid_until"], "/valid_until") if given.get("valid_until") else None,
        customer_id=customer,
        segment_id=given.get("segment_id") or None,
        is_retired="is_retired" in given,
        prices=prices,
        price_list_id=given.get("id") or None,
        expected_version=int(given["version"]) if given.get("version", "").isdecimal() else None,
    )


def _price(reading: Reading, number: int, line: str) -> ListedPrice:
    cells = [each.strip() for each in line.replace("\t", ";").split(";")]
    if not LEAST <= len(cells) <= COLUMNS:
        raise WrongFields({"/prices": f"Line {number}: write article; from quantity; price; most discount."})
    if len(cells) == LEAST:
        cells = [cells[0], "0", cells[1]]
    try:
        product = queries.product(reading, cells[0])
        numbers = [Decimal(each.replace(" ", "").replace(",", ".")) for each in cells[1:] if each]
    except ProductNotFound as error:
        raise WrongFields({"/prices": f"Line {number}: there is no product {cells[0]}."}) from error
    except InvalidOperation as error:
        raise WrongFields({"/prices": f"Line {number}: a number cannot be read."}) from error
    if len(numbers) < LEAST:
        raise WrongFields({"/prices": f"Line {number}: write article; from quantity; price; most discount."})
    most = numbers[2] if len(numbers) > LEAST else None
    return ListedPrice(product_id=product.id, from_quantity=numbers[0], price=numbers[1], most_discount=most)


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongFields({place: "Write the day as 2026-01-31."}) from None


def _form(reading: Reading, given: dict[str, str], refusal: Conflict | InvalidInput | None = None) -> str:
    faults = refusal.details.get("fields") or {} if refusal else {}
    return render_template("pricing/list.html", given=given, segments=segments(reading), refusal=refusal, faults=faults)
