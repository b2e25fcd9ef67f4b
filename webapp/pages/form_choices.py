"""What fields of forms offer while one types: records by name, and the word that is written into the field."""

from collections.abc import Callable, Iterable

from flask import abort, render_template

from core.records import dataclass
from crm.access import may_read
from crm.queries import categories
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.link_choices import MOST, Choice, choices
from webapp.web import view


@dataclass(frozen=True, slots=True)
class Offered:
    """A line of the list."""

    value: str
    title: str
    note: str


Finder = Callable[[Reading, str], Iterable[Offered]]


def _records(kind: str, value: Callable[[Choice], str]) -> Finder:
    def found(reading: Reading, q: str) -> Iterable[Offered]:
        return (Offered(value(each), each.title, each.note) for each in choices(reading, kind, q))

    return found


def _groups(reading: Reading, q: str) -> Iterable[Offered]:
    return (Offered(each, each, "") for each in (categories(reading, q, limit=MOST) if may_read(reading.actor) else []))


KINDS: dict[str, Finder] = {  # the property `choose` of a field: what it offers
    "crm.customer": _records("crm.customer", lambda each: each.note),  # the number, which is one customer's alone
    "crm.product": _records("crm.product", lambda each: each.title),
    "crm.product_group": _groups,
    "crm.offer": _records("crm.offer", lambda each: each.title),
    "crm.device": _records("crm.device", lambda each: each.title),
}


@blueprint.get("/choices/<kind>")
def form_choices(kind: str) -> str:
    """The first few that fit what was typed so far, as options of a list."""
    if kind not in KINDS:
        abort(404)
    q = asked("q")[:200]
    with view() as reading:
        found = list(KINDS[kind](reading, q))
    return render_template("form_choices.html", found=found, q=q, most=MOST)
