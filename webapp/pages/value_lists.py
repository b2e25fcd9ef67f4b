"""Value lists and the firm's own fields, edited in the browser."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm.custom_fields import CHOICES, ENTITIES, TYPES, DefineField, custom_fields
from crm.dictionaries import (
    LANGUAGES,
    DefineDictionary,
    OrderValues,
    RetireValue,
    WriteValue,
    dictionaries,
    dictionary,
    label,
)
from webapp.pages.blueprint import blueprint
from webapp.web import run, view

NAMES = {"pl": "Polish", "en": "English", "ro": "Romanian", "ru": "Russian"}


@blueprint.get("/value-lists")
def value_lists() -> str:
    """All lists, and the fields of customers and people."""
    with view() as reading:
        lists = dictionaries(reading)
        fields = {entity: custom_fields(reading, entity, all_of_them=True) for entity in ENTITIES}
    return render_template(
        "customers/value_lists.html", lists=lists, fields=fields, types=TYPES, languages=NAMES, label=label
    )


@blueprint.get("/value-lists/<key>")
def value_list(key: str) -> str:
    """One list with its values."""
    with view() as reading:
        found = dictionary(reading, key)
    return render_template("customers/value_list.html", list=found, languages=NAMES, label=label)


@blueprint.post("/value-lists")
def define_value_list() -> Response:
    """Make a list."""
    key = run(DefineDictionary(key=request.form.get("key", "").strip(), labels=_labels()))
    return redirect(url_for("pages.value_list", key=key))


@blueprint.post("/value-lists/<key>/values")
def write_value(key: str) -> Response:
    """Add a value, or rename one."""
    run(WriteValue(dictionary=key, code=request.form.get("code", "").strip(), labels=_labels()))
    return redirect(url_for("pages.value_list", key=key))


@blueprint.post("/value-lists/<key>/values/<code>/<action>")
def change_value(key: str, code: str, action: str) -> Response:
    """Retire a value, offer it again, or move it up by one."""
    if action == "up":
        with view() as reading:
            codes = [each.code for each in dictionary(reading, key).values]
        if code in codes[1:]:
            place = codes.index(code)
            codes[place - 1 : place + 1] = [code, codes[place - 1]]
        run(OrderValues(dictionary=key, codes=tuple(codes)))
    else:
        run(RetireValue(dictionary=key, code=code, is_retired=action == "retire"))
    return redirect(url_for("pages.value_list", key=key))


@blueprint.post("/fields")
def define_field() -> Response:
    """Add a field, or change one."""
    given = request.form
    type_ = given.get("type", "")
    run(
        DefineField(
            entity=given.get("entity", ""),
            key=given.get("key", "").strip(),
            labels=_labels(),
            type=type_,
            dictionary=given.get("dictionary") or None if type_ in CHOICES else None,
            help=given.get("help") or None,
            is_required="is_required" in given,
            is_retired="is_retired" in given,
        )
    )
    flash("The field is saved.")
    return redirect(url_for("pages.value_lists"))


def _labels() -> dict[str, str]:
    found = {language: request.form.get(f"label.{language}", "").strip() for language in LANGUAGES}
    return {language: text for language, text in found.items() if text}
