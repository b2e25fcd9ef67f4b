"""What administrators do to one case: hold it, let it go, stop it, move tokens, change variables, settle incidents."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response, request

from core.errors import InvalidInput
from core.messages import Command
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, SetVariables
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from webapp.pages.blueprint import blueprint
from webapp.web import run


@blueprint.post("/cases/<instance_id>/<any(suspend, resume, cancel, move, variables):verb>")
def operate(instance_id: str, verb: str) -> Response:
    """Do it; the page shows what has come of it."""
    run(COMMANDS[verb](instance_id, request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.post("/incidents/<incident_id>/<any(retry, skip):verb>")
def settle_incident(incident_id: str, verb: str) -> Response:
    """Try the failed step again, or go on behind it."""
    kind = RetryIncident if verb == "retry" else SkipIncident
    run(kind(incident_id=incident_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


def _move(instance_id: str, reason: str) -> Command:
    source, target = request.form.get("source", ""), request.form.get("target", "")
    return MoveTokens(instance_id=instance_id, source=source, target=target, reason=reason)


def _variables(instance_id: str, reason: str) -> Command:
    return SetVariables(instance_id=instance_id, variables=_values(request.form.get("variables", "")), reason=reason)


def _values(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f'The variables are no JSON: {error}. Write them as {{"name": value}}.') from error
    if not isinstance(values, dict):
        raise InvalidInput('Write the variables as {"name": value}.')
    return values


COMMANDS: dict[str, Callable[[str, str], Command]] = {
    "suspend": lambda instance_id, reason: SuspendInstance(instance_id=instance_id, reason=reason),
    "resume": lambda instance_id, reason: ResumeInstance(instance_id=instance_id, reason=reason),
    "cancel": lambda instance_id, reason: CancelInstance(instance_id=instance_id, reason=reason),
    "move": _move,
    "variables": _variables,
}
