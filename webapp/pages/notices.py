"""What has happened, told from the page of a case."""

from flask import Response, flash, request

from processes.notices import TellCase
from webapp.pages.blueprint import blueprint
from webapp.web import run


@blueprint.post("/cases/<instance_id>/notices/<key>")
def tell_case(instance_id: str, key: str) -> Response:
    """Tell it; the page shows what has come of it."""
    values = {name: value for name, value in request.form.items() if name != "csrf_token"}
    run(TellCase(instance_id=instance_id, notice=key, values=values))
    flash("The case knows.")
    return Response(status=204, headers={"HX-Refresh": "true"})
