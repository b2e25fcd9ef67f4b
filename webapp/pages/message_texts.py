"""Texts of messages: what there is, one in its languages with a look at it while it is written, and what it said."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError
from crm import queries
from crm.errors import WrongFields
from crm.outbox import texts
from crm.outbox.places import PLACES
from crm.outbox.reaching import Reached, reached
from crm.outbox.texts import MessageText, WriteText
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.pages.templates import LANGUAGES
from webapp.web import run, view

EDIT = "template.edit"
EVERYBODY = "everybody else"
NONE = MessageText(key="", title="", subject="", text="", is_active=True, version=0)


@blueprint.get("/outbox/texts")
def message_texts() -> str:
    """All texts by title, each with the languages that it is written in."""
    with view() as reading:
        found = texts.texts(reading)
    languages: dict[str, list[str]] = {}
    for each in found:
        languages.setdefault(each.key, []).extend([LANGUAGES[each.language]] if each.language else [])
    first = [each for each in found if not each.language]
    return render_template("outbox/texts.html", texts=first, languages=languages, names=names())


@blueprint.get("/outbox/texts/new")
def new_message_text() -> str:
    """An empty text."""
    return _page(NONE, "", [])


@blueprint.get("/outbox/texts/<key>")
def message_text(key: str) -> str:
    """One text in one language; a language without a variant begins with the words for everybody."""
    language = asked("language") if asked("language") in LANGUAGES else ""
    with view() as reading:
        found = [each for each in texts.texts(reading) if each.key == key]
        versions = texts.versions(reading, key, language)
    wanted = next((each for each in found if each.language == language), None)
    first = next((each for each in found if not each.language), NONE)
    return _page(wanted or first, language, versions, is_new=wanted is None, written={each.language for each in found})


@blueprint.post("/outbox/texts")
def write_message_text() -> Response | tuple[str, int]:
    """Keep it, or tell what is wrong and keep what was typed."""
    form = request.form
    key, language = form.get("key", "").strip(), form.get("language", "")
    typed = MessageText(
        key=key,
        title=form.get("title", ""),
        subject=form.get("subject", ""),
        text=_lines(form.get("text", "")),
        is_active="is_active" in form,
        version=form.get("version", 0, type=int),
        language=language,
    )
    command = WriteText(
        key=key,
        title=typed.title,
        subject=typed.subject,
        text=typed.text,
        is_active=typed.is_active,
        expected_version=typed.version or None,
        language=language,
    )
    try:
        run(command)
    except DomainError as error:
        is_first = form.get("is_first") == "yes"
        return _page(typed, language, [], fault=error, is_first=is_first, is_new=not typed.version), 422
    flash("The text is in use." if typed.is_active else "The text is kept, and not used.")
    return redirect(url_for("pages.message_text", key=key, language=language or None))


@blueprint.post("/outbox/texts/preview")
def look_at_message_text() -> str:
    """What is typed as a customer would get it, with examples where nothing is known; nothing is kept or sent."""
    form, fault, shown = request.form, "", ("", "")
    try:
        with view() as reading:
            whom = _whom(reading, form.get("customer", "").strip())
            shown = texts.looked_at(reading, form.get("subject", ""), _lines(form.get("text", "")), whom)
    except WrongFields as error:
        fault = " ".join(error.details["fields"].values())
    except DomainError as error:
        fault = error.sentence
    return render_template("outbox/_look.html", shown=shown, fault=fault)


def _whom(reading: Reading, customer: str) -> Reached | None:
    return reached(reading, queries.customer(reading, customer).id, None) if customer else None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _page(
    found: MessageText,
    language: str,
    versions: list[texts.TextVersion],
    *,
    fault: DomainError | None = None,
    is_first: bool = False,
    is_new: bool = False,
    written: set[str] | None = None,
) -> str:
    return render_template(
        "outbox/text.html",
        found=found,
        language=language,
        languages={"": EVERYBODY} | LANGUAGES,
        written=written or set(),
        versions=versions,
        places=PLACES,
        fault=fault,
        is_first=is_first or not found.key,
        is_new=is_new,
        names=names(),
    )
