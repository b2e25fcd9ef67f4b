"""The trail of a case: every step with its person, time, document versions and place in the hash chain."""

from flask import render_template

from audit.queries import Entry, trail
from audit.verify import check_case
from engine import queries
from storage.unit_of_work import Reading
from webapp.pages.blueprint import blueprint
from webapp.pages.telling import tell
from webapp.web import view


@blueprint.get("/cases/<instance_id>/trail", endpoint="trail")
def show(instance_id: str) -> str:
    """The whole trail, verified while it is read."""
    with view() as reading:
        found = queries.instance(reading, instance_id)
        entries = _all(reading, instance_id)
        findings = check_case(reading, instance_id)
    lines = tell(entries)
    kinds = sorted({line.type.partition(".")[0] for line in lines})
    return render_template(
        "trail.html",
        case=found,
        entries=lines,
        kinds=kinds,
        findings=[each.sentence for each in findings],
        broken={each.entry_id for each in findings},
    )


def _all(reading: Reading, instance_id: str) -> list[Entry]:
    entries: list[Entry] = []
    after: str | None = None
    while True:
        page = trail(reading, instance_id, after=after)
        entries.extend(page.items)
        after = page.next
        if after is None:
            return entries
