"""Search: the page of results, and what is suggested while somebody types into the box above every page."""

import re

from flask import render_template, url_for

from core.records import dataclass
from documents.search.language import FIELDS, SearchRefused
from documents.search.queries import BEST, NEWEST, FacetValue, Hit, SearchPage, search, suggest
from documents.search.statements import SearchTooBroad
from webapp.pages.blueprint import answer, asked, blueprint
from webapp.pages.formats import words
from webapp.pages.shell import names
from webapp.web import view

PER_PAGE = 20
ORDERS = {BEST: "Best first", NEWEST: "Newest first"}
ICONS = {
    "document": "file-text",
    "case": "briefcase",
    "customer": "building",
    "contact": "user",
    "product": "hash",
    "offer": "receipt",
    "order": "list-check",
    "invoice": "receipt",
    "payment": "circle-check",
}
TITLES = {
    "kind": "What it is",
    "type": "Type",
    "state": "State",
    "customer": "Customer",
    "tag": "Tag",
    "year": "Year",
}
WORDED = frozenset({"kind", "type", "state"})  # whose values are keys, shown as words
PLAIN = re.compile(r"[\w/.-]+")
EXAMPLES = (
    *("umowa najmu", '"delivery by truck"', "type:invoice customer:acme"),
    *("tag:urgent -state:void", "number:FV/2026*"),
)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A value beside the results that leads to fewer of them."""

    label: str
    count: int
    address: str


@blueprint.get("/search", endpoint="search")
def search_page() -> str:
    """What fits a query."""
    q, order = asked("q"), asked("order")
    order = order if order in ORDERS else BEST
    values = {
        "q": q,
        "order": order,
        "orders": ORDERS,
        "fields": FIELDS,
        "examples": EXAMPLES,
        "names": names(),
        "typed": "",
    }
    try:
        with view() as reading:
            after = asked("after") or None
            found = search(reading, q, after=after, limit=PER_PAGE, order=order, facets=after is None)
            if found.meant:
                values |= {"q": found.meant, "typed": q}
                q, found = found.meant, search(reading, found.meant, limit=PER_PAGE, order=order)
    except (SearchRefused, SearchTooBroad) as refused:
        return render_template("search.html", found=None, refused=refused.sentence, facets=[], **values)
    return answer("search.html", "search_rows.html", found=found, refused="", facets=_facets(q, order, found), **values)


@blueprint.get("/search/suggestions")
def search_suggestions() -> str:
    """A few titles that fit what was typed so far."""
    q = asked("q")
    hint = ""
    hits: tuple[Hit, ...] = ()
    try:
        with view() as reading:
            hits = suggest(reading, q) if q else ()
    except (SearchRefused, SearchTooBroad) as refused:
        hint = refused.sentence
    return render_template("search_suggestions.html", hits=hits, hint=hint, q=q)


@blueprint.app_template_filter("hit_address")
def hit_address(hit: Hit) -> str:
    """Where a result has its page."""
    match hit.kind:
        case "case":
            return url_for("pages.case", instance_id=hit.id)
        case "customer":
            return url_for("pages.customer", customer_id=hit.id)
        case "offer":
            return url_for("pages.offer", offer_id=hit.id)
        case "contact":
            return url_for("pages.contact", contact_id=hit.id)
        case "invoice":
            return url_for("pages.invoice", invoice_id=hit.id)
        case "payment":
            return url_for("pages.payment", payment_id=hit.id)
        case "order":
            return url_for("pages.customer_order", order_id=hit.id)
        case "product":
            return url_for("pages.product", product_id=hit.id)
        case _:
            return url_for("pages.document", document_id=hit.id)


@blueprint.app_template_filter("hit_icon")
def hit_icon(hit: Hit) -> str:
    """The picture of its kind."""
    return ICONS[hit.kind]


def _facets(q: str, order: str, found: SearchPage) -> list[tuple[str, list[Narrowing]]]:
    return [
        (TITLES[facet.field], [_narrowing(q, order, facet.field, value) for value in facet.values])
        for facet in found.facets
    ]


def _narrowing(q: str, order: str, field: str, value: FacetValue) -> Narrowing:
    wanted = value.label if field == "customer" else value.value
    term = f"{field}:{wanted}" if PLAIN.fullmatch(wanted) else f'{field}:"{wanted.replace(chr(34), " ")}"'
    narrowed = f"({q}) {term}" if " OR " in q else f"{q} {term}".strip()
    label = words(value.label) if value.label == value.value and field in WORDED else value.label
    return Narrowing(label, value.count, url_for("pages.search", q=narrowed, order=order))
