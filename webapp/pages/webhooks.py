"""Webhooks for administrators: which addresses hear of which events, what was delivered, what was given up and why."""

from __future__ import annotations

import json

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError, InvalidInput
from webapp.auth import browser_log_in
from webapp.errors import status_of
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.web import run, view
from webapp.webhooks import queries
from webapp.webhooks.catalogue import event_types
from webapp.webhooks.delivering import (
    DELIVERED,
    FAILED,
    OPEN,
    SENDING,
    WAITING,
    ResendDelivery,
    ResendFailed,
    SendSample,
)
from webapp.webhooks.subscribing import (
    ACTIVE,
    PAUSED,
    ChangeWebhook,
    CreateWebhook,
    NewWebhook,
    PauseWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RotateSecret,
)

MARKS = {
    ACTIVE: "mark-good",
    PAUSED: "mark-late",
    WAITING: "mark-soon",
    SENDING: "mark-live",
    DELIVERED: "mark-good",
    FAILED: "mark-late",
}
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "waiting": ("Waiting", OPEN),
    "failed": ("Given up", (FAILED,)),
    "delivered": ("Delivered", (DELIVERED,)),
}


@blueprint.get("/webhooks")
def webhook_list() -> str:
    """All webhooks, and a form for another one."""
    return _list()


@blueprint.post("/webhooks")
def create_webhook() -> str | tuple[str, int]:
    """Set one up, and show its secret this once."""
    browser_log_in()
    given = request.form
    try:
        made: NewWebhook = run(
            CreateWebhook(name=given.get("name", ""), url=given.get("url", ""), events=_events(given.get("events", "")))
        )
    except DomainError as error:
        return _list(error), status_of(error)
    return _secret(made)


@blueprint.get("/webhooks/<id:webhook_id>")
def webhook(webhook_id: str) -> str:
    """One webhook with its deliveries."""
    return _one(webhook_id)


@blueprint.post("/webhooks/<id:webhook_id>")
def change_webhook(webhook_id: str) -> Response | tuple[str, int]:
    """Change name, address and events."""
    browser_log_in()
    given = request.form
    command = ChangeWebhook(
        webhook_id=webhook_id,
        name=given.get("name", ""),
        url=given.get("url", ""),
        events=_events(given.get("events", "")),
    )
    try:
        run(command)
    except InvalidInput as error:
        return _one(webhook_id, error), status_of(error)
    flash("It is changed; what waits goes to the new address, too.")
    return redirect(url_for("pages.webhook", webhook_id=webhook_id))


@blueprint.post("/webhooks/<id:webhook_id>/secret")
def rotate_webhook_secret(webhook_id: str) -> str:
    """Make a new secret and show it this once."""
    browser_log_in()
    return _secret(run(RotateSecret(webhook_id=webhook_id)))


@blueprint.post("/webhooks/<id:webhook_id>/<any(pause, resume, skip, test, resend, remove):step>")
def act_on_webhook(webhook_id: str, step: str) -> Response:
    """Pause, resume, try, deliver again, remove."""
    browser_log_in()
    match step:
        case "pause":
            run(PauseWebhook(webhook_id=webhook_id, reason=request.form.get("reason", "")))
        case "resume" | "skip":
            run(ResumeWebhook(webhook_id=webhook_id, skip=step == "skip"))
        case "test":
            made = run(SendSample(webhook_id=webhook_id))
            return redirect(url_for("pages.webhook_delivery", delivery_id=made))
        case "resend":
            flash(f"Made again: {run(ResendFailed(webhook_id=webhook_id))}.")
        case _:
            run(RemoveWebhook(webhook_id=webhook_id))
            return redirect(url_for("pages.webhook_list"))
    return redirect(url_for("pages.webhook", webhook_id=webhook_id))


@blueprint.get("/webhooks/deliveries/<id:delivery_id>")
def webhook_delivery(delivery_id: str) -> str:
    """One delivery: what it says, and its tries."""
    with view() as reading:
        found = queries.delivery(reading, delivery_id)
        receiver = queries.webhook(reading, found.webhook_id)
    content = json.dumps(found.content, ensure_ascii=False, indent=2, sort_keys=True)
    return render_template("webhooks/delivery.html", delivery=found, webhook=receiver, content=content, marks=MARKS)


@blueprint.post("/webhooks/deliveries/<id:delivery_id>/resend")
def resend_webhook_delivery(delivery_id: str) -> Response:
    """Deliver it once more."""
    browser_log_in()
    run(ResendDelivery(delivery_id=delivery_id))
    return redirect(url_for("pages.webhook_delivery", delivery_id=delivery_id))


def _list(error: DomainError | None = None) -> str:
    with view() as reading:
        found = queries.webhooks(reading)
    return render_template(
        "webhooks/list.html", webhooks=found, types=event_types(), error=error, given=request.form, marks=MARKS
    )


def _one(webhook_id: str, error: DomainError | None = None) -> str:
    tab = asked("tab") if asked("tab") in TABS else ""
    with view() as reading:
        found = queries.webhook(reading, webhook_id)
        listed = queries.deliveries(reading, webhook_id, states=TABS[tab][1], after=asked("after") or None, limit=MOST)
    return answer(
        "webhooks/webhook.html",
        "webhooks/delivery_rows.html",
        webhook=found,
        deliveries=listed,
        tab=tab,
        tabs={key: title for key, (title, _) in TABS.items()},
        types=event_types(),
        error=error,
        given=request.form if error else {},
        marks=MARKS,
    )


def _secret(made: NewWebhook) -> str:
    with view() as reading:
        found = queries.webhook(reading, made.id)
    return render_template("webhooks/secret.html", webhook=found, secret=made.secret)


def _events(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
