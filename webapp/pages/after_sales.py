"""The list of what follows orders by itself, with a form for a step."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm.activities.words import METHOD, PRIORITIES, TYPE
from crm.after_sales.errors import StepNotFound
from crm.after_sales.steps import Step, WriteStep, categories, steps
from crm.dictionaries import dictionary, label
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.web import run, view


@blueprint.get("/after-sales")
def after_sales() -> str:
    """The steps, and the form: empty, or with the step that `step` names."""
    with view() as reading:
        return _page(reading, asked("step"))


@blueprint.post("/after-sales")
def write_after_sales_step() -> Response:
    """Keep a step, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    step_id, version = given.get("step_id", ""), given.get("version", "")
    try:
        run(
            WriteStep(
                step=_step(given),
                step_id=step_id or None,
                expected_version=int(version) if version.isdecimal() else None,
            )
        )
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, step_id, refusal, given | {"is_active": "is_off" not in given})
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.after_sales"))


def _step(given: dict[str, str]) -> Step:
    delay = given.get("delay", "")
    return Step(
        name=given.get("name", ""),
        begins=given.get("begins", ""),
        delay=int(delay) if delay.isdecimal() and len(delay) <= 6 else -1,  # refused with a sentence
        unit=given.get("unit", ""),
        method=given.get("method", ""),
        type=given.get("type") or None,
        priority=given.get("priority", "medium"),
        category=given.get("category") or None,
        goes_to=given.get("goes_to", ""),
        note=given.get("note") or None,
        is_active="is_off" not in given,
    )


def _page(
    reading: Reading, step_id: str, refusal: Conflict | InvalidInput | None = None, given: dict[str, Any] | None = None
) -> str:
    found = steps(reading)
    if step_id and given is None:
        chosen = next((each for each in found if each.id == step_id), None)
        if chosen is None:
            raise StepNotFound(step_id)
        given = asdict(chosen) | {"step_id": chosen.id}
    given = given or {}
    types, methods = (
        {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, key).values}
        for key in (TYPE, METHOD)
    )
    return render_template(
        "planning/after_sales.html",
        steps=found,
        types=types,
        methods=methods,
        categories=[(each, each) for each in dict.fromkeys((*categories(reading), given.get("category"))) if each],
        priorities=PRIORITIES,
        given=given,
        refusal=refusal,
        faults=(refusal.details.get("fields") or {}) if refusal else {},
    )
