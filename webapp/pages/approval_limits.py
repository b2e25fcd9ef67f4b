"""Limits of the approval matrix and deputies, set in the browser: what holds, and who changed what and why."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict
from crm.errors import WrongFields
from crm.money import plain
from processes.offer_approval.parameters import (
    DEPUTIES,
    LIMITS,
    NEXT_LEVEL,
    SetApprovalParameters,
    history,
    in_force,
)
from webapp.accounts.roles import PROGRAMS, ROLE_PERMISSIONS
from webapp.pages.blueprint import blueprint
from webapp.web import run, view


@blueprint.get("/approval-limits")
def approval_limits() -> str:
    """What holds now, as a form."""
    return _page({}, {}, None)


@blueprint.post("/approval-limits")
def set_approval_limits() -> Response | tuple[str, int]:
    """Keep it, or tell what is wrong beside each field."""
    form = request.form
    try:
        run(
            SetApprovalParameters(
                limits={name: form.get(f"limit.{name}", "").strip().replace(",", ".") for name in LIMITS},
                deputies={group: form.get(f"deputy.{group}", "") for group in DEPUTIES},
                reason=form.get("reason", ""),
                expected_version=form.get("version", type=int),
            )
        )
    except WrongFields as error:
        return _page(dict(form), error.details["fields"], None), 422
    except Conflict as error:
        return _page({}, {}, error.sentence), 409
    flash("The limits hold from now on, in running cases, too.")
    return redirect(url_for("pages.approval_limits"))


def _page(given: dict[str, str], faults: dict[str, str], fault: str | None) -> str:
    with view() as reading:
        past = history(reading)
        known = in_force(reading)
    limits: list[dict[str, Any]] = [
        {
            "name": name,
            "label": label,
            "value": given.get(f"limit.{name}", plain(known.limits[name])),
            "usual": plain(usual),
            "fault": faults.get(f"/limits/{name}"),
        }
        for name, (label, usual) in LIMITS.items()
    ]
    deputies = [
        {
            "group": group,
            "value": given.get(f"deputy.{group}", known.deputies[group]),
            "fault": faults.get(f"/deputies/{group}"),
        }
        for group in DEPUTIES
        if group not in {NEXT_LEVEL, "board"}
    ]
    last = {
        "group": NEXT_LEVEL,
        "value": given.get(f"deputy.{NEXT_LEVEL}", known.deputies[NEXT_LEVEL]),
        "fault": faults.get(f"/deputies/{NEXT_LEVEL}"),
    }
    return render_template(
        "approval_limits.html",
        limits=limits,
        deputies=deputies,
        last=last,
        board=known.deputies["board"],
        groups=sorted({*ROLE_PERMISSIONS, *known.deputies.values()} - PROGRAMS),
        history=past,
        known=known,
        reason=given.get("reason", ""),
        reason_fault=faults.get("/reason"),
        fault=fault,
    )
