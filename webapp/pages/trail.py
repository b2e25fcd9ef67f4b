"""The trail of a case: every step with its person, time, document versions and place in the hash chain."""

import tempfile
from contextlib import ExitStack

from flask import Response, render_template, send_file

from audit.queries import Entry, erasures, trail
from audit.verify import check_case
from engine import queries
from storage.unit_of_work import Reading
from webapp.evidence import export
from webapp.pages.blueprint import blueprint
from webapp.pages.telling import tell
from webapp.web import application, current_actor, view


@blueprint.get("/cases/<instance_id>/trail", endpoint="trail")
def show(instance_id: str) -> str:
    """The whole trail, verified while it is read."""
    with view() as reading:
        found = queries.instance(reading, instance_id)
        entries = _all(reading, instance_id)
        findings = check_case(reading, instance_id)
        erased = erasures(reading, entries)
    lines = tell(entries)
    kinds = sorted({line.type.partition(".")[0] for line in lines})
    return render_template(
        "trail.html",
        case=found,
        entries=lines,
        kinds=kinds,
        erasures=erased,
        findings=[each.sentence for each in findings],
        broken={each.entry_id for each in findings},
    )


@blueprint.post("/cases/<instance_id>/evidence", endpoint="evidence")
def evidence(instance_id: str) -> Response:
    """The evidence pack of the case, for auditors."""
    with ExitStack() as failing:
        file = failing.enter_context(tempfile.TemporaryFile())  # of disk, since it may be large
        export(application(), current_actor(), instance_id, file)
        failing.pop_all()  # closed when the answer is sent
    file.seek(0)
    name = f"evidence-{instance_id}.zip"
    return send_file(file, "application/zip", as_attachment=True, download_name=name, max_age=0)


def _all(reading: Reading, instance_id: str) -> list[Entry]:
    entries: list[Entry] = []
    after: str | None = None
    while True:
        page = trail(reading, instance_id, after=after)
        entries.extend(page.items)
        after = page.next
        if after is None:
            return entries
