"""The task page: form, offer, documents, comments; completing goes through the API."""

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError, InvalidInput
from crm import offer_queries
from crm.calls.queries import call_of_task
from crm.offer_queries import Offer
from documents.access import Target
from documents.queries import documents_of
from engine import queries
from engine.access import absent_owner
from engine.delegation import DelegateTask, ResolveTask, ScheduleTask
from engine.tasks import AssignTask, CommentTask
from engine.views import TaskDetail
from processes.call_tasks import KINDS
from storage.unit_of_work import Reading
from webapp.inbox.drafts import draft_of
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import run, view


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> str:
    """One task with all that is needed to do it."""
    with view() as reading:
        found = queries.task(reading, task_id)
        definition = queries.definition(reading, found.definition_id)
        values = {"offer": _offer_of(reading, found), **_documents(reading, found)}
        values["call_id"] = (
            call_of_task(reading, task_id) if found.element_id in KINDS and found.state == "open" else None
        )
        workable = found.state == "open" and found.may_work and not found.is_neutral
        values["absent"] = absent_owner(reading.actor, found) if workable else None
        values["draft"] = draft_of(reading, task_id) if workable else None
    shown = {"definition_name": definition.name, "form_has_table": has_table(found.form)}
    return render_template("task.html", workable=workable, **shown, **values)


@blueprint.get("/tasks/<task_id>/documents")
def task_documents(task_id: str) -> str:
    """The list of documents alone, after something was attached."""
    with view() as reading:
        values = _documents(reading, queries.task(reading, task_id))
    return render_template("task_documents.html", **values)


@blueprint.post("/tasks/<task_id>/comments")
def comment(task_id: str) -> str | Response:
    """Add a comment; the answer is the list of comments, or the page where its scripts are not loaded yet."""
    run(CommentTask(task_id=task_id, text=request.form.get("text", "")))
    if "HX-Request" not in request.headers:
        return redirect(url_for("pages.task", task_id=task_id))
    with view() as reading:
        found = queries.task(reading, task_id)
    return render_template("task_comments.html", task=found, names=names())


@blueprint.post("/tasks/<task_id>/schedule")
def schedule(task_id: str) -> Response:
    """Change when it is due, until when it is put aside, and its priority; an emptied field takes a date away."""
    moments = {name: _moment(name) for name in ("due_at", "follow_up_at")}
    cleared = frozenset(name for name, value in moments.items() if value is None)
    run(ScheduleTask(task_id=task_id, priority=_number("priority"), clear=cleared, **moments))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.post("/tasks/<task_id>/<any(assign, delegate):verb>")
def hand_over(task_id: str, verb: str) -> Response:
    """Give it to a colleague for good, or ask them to do it and give it back."""
    kind = AssignTask if verb == "assign" else DelegateTask
    run(kind(task_id=task_id, assignee=request.form.get("assignee", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.post("/tasks/<task_id>/resolve")
def resolve(task_id: str) -> Response:
    """Give a delegated task back to its owner."""
    run(ResolveTask(task_id=task_id))
    return Response(status=204, headers={"HX-Refresh": "true"})


def _moment(name: str) -> datetime | None:
    """A moment of a form, in the reader's zone. Raises `InvalidInput`."""
    text = request.form.get(name, "").strip()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_zone()) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text} is no date and time.", fields={f"/{name}": "a date and time"}) from error


def _number(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    try:
        return int(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text} is no whole number.", fields={f"/{name}": "a whole number"}) from error


def has_table(form: dict[str, Any] | None) -> bool:
    """Whether a form shows a table of its own, so that the page need not show the offer's lines again."""
    components = (form or {}).get("components") or []
    return any(each.get("type") == "table" or has_table(each) for each in components)


def _documents(reading: Reading, found: TaskDetail) -> dict[str, Any]:
    own, case = Target("task", found.id), Target("case", found.instance_id)
    linked = documents_of(reading, [own, case])
    here = {each.document_id for each in linked[own]}
    elsewhere = [each for each in linked[case] if each.document_id not in here]
    may_attach = found.state == "open" and found.may_work and reading.actor.may("document.file")
    shown = {"documents": linked[own], "case_documents": elsewhere, "may_attach": may_attach}
    return {"task": found, "names": names(), **shown}


def _offer_of(reading: Reading, found: TaskDetail) -> Offer | None:
    """The offer that the case is about, in the version that the task is about, where the reader may see both."""
    seen = found.data.get("offer")
    version = str(seen.get("version", "")) if isinstance(seen, dict) else ""
    try:
        links = queries.instance(reading, found.instance_id).links
        ids = [link.id for link in links if link.entity == "crm.offer"]
        return (
            offer_queries.offer(reading, ids[0], version=int(version) if version.isdecimal() else None) if ids else None
        )
    except DomainError:
        return None
