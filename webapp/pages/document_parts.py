"""What the panels of a document's page show: one function per panel, each gives its template what it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from documents import queries
from documents.document_types import document_types
from documents.mail.queries import mail_of, message_of
from documents.packages.sources import sources, visible_ids
from documents.queries import Document
from documents.records.queries import document_retention
from documents.sharing.groups import Groups
from documents.sharing.links import LONGEST, SHARE, USUAL
from documents.sharing.queries import sharing as shares
from documents.states import FINAL, FOLLOWING, VOID
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked
from webapp.pages.field_inputs import inputs, shown
from webapp.pages.link_choices import KINDS
from webapp.pages.records import record

Part = Callable[[Reading, Document], Mapping[str, Any]]


def versions(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_versions.html` and `documents/_preview.html`, which shows the version that is asked for."""
    found = queries.versions(reading, document.id)
    asked_for = asked("version")
    seen = next((each for each in found if str(each.n) == asked_for), document.latest)
    return {"versions": found, "seen": seen}


def belongs(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_belongs.html`."""
    records = [each for link in document.links if (each := record(reading, link.kind, link.id))]
    return {"records": records, "link_kinds": KINDS}


def about(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_about.html`, `documents/_edit.html` and `documents/_state.html`."""
    types = document_types(reading, all_of_them=True)
    kind = next((each for each in types if each.key == document.type), None)
    me = reading.actor
    may_write = me.may("document.file") and (kind is None or kind.may_write(me.roles))
    is_free = document.checked_out_by in (None, me.id)
    return {
        "kind": kind,
        "types": [each for each in types if each.is_active and each.may_write(me.roles)],
        "type_names": {each.key: each.name for each in types},
        "shown_fields": shown({} if kind is None else kind.form, document.fields),
        "field_inputs": [] if kind is None else inputs(kind.form, document.fields),
        "following": FOLLOWING[document.state] if me.may("document.state") and may_write and is_free else (),
        "may_write": may_write,
        "may_edit": may_write and is_free and document.state not in FINAL,
        "is_free": is_free,
    }


def mail(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_mail.html`."""
    above = message_of(reading, document.id)
    return {
        "mail": mail_of(reading, document.id),
        "above": None if above is None else queries.document(reading, above),
    }


def retention(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_retention.html`."""
    return {"retention": document_retention(reading, document.id)}


def made_of(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_made_of.html`."""
    found = sources(reading, document.id, document.latest.n)
    return {"made_of": found, "visible_sources": visible_ids(reading, [each.document_id for each in found])}


def sharing(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_sharing.html`."""
    found = shares(reading, document.id)
    last = reading.clock.now() + LONGEST
    return {
        "sharing": found,
        "free_groups": [each for each in reading.port(Groups).groups(reading) if each not in found.groups],
        "last_day": last.date(),
        "usual_day": (reading.clock.now() + USUAL).date(),
        "may_share": reading.actor.may(SHARE) and document.state != VOID,
    }


PARTS: tuple[Part, ...] = (  # the names that they give must differ
    versions,
    belongs,
    about,
    mail,
    retention,
    made_of,
    sharing,
)
