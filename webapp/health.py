"""Whether this process lives, whether it can work, and a few numbers for Prometheus."""

from __future__ import annotations

import os
import time
from typing import Any

from flask import Blueprint, Flask, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import DomainError, Unavailable
from core.identity import SYSTEM
from storage.schema import current, newest
from webapp.grants import rights_beyond
from webapp.web import application, view

blueprint = Blueprint("health", __name__)
STARTED = time.time()


def register(app: Flask) -> None:
    """Add the addresses that balancers and monitors ask."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> Any:
    """Database, schema and blob store can be used; 503 names what cannot. Remarks keep nobody from working."""
    parts = {"database": _database(), "schema": _schema(), "blobs": _blobs()}
    if any(state != "ok" for state in parts.values()):
        raise Unavailable("This process cannot work at the moment.", parts=parts)
    return {"status": "ok", "parts": parts, "remarks": _remarks()}


def _database() -> str:
    try:
        with view(SYSTEM) as reading:
            reading.session.execute(text("SELECT 1"))
    except DomainError as error:
        return error.sentence
    return "ok"


def _schema() -> str:
    try:
        found = current(application().database.engine)
    except DBAPIError:
        return "unknown while the database is away"
    return "ok" if found == newest() else f"at {found or 'nothing'}, needs {newest()}; run: obieg migrate"


def _remarks() -> list[str]:
    """Whether the database role could change the trail, which need not be so."""
    try:
        beyond = rights_beyond(application())
    except DBAPIError:
        return []
    if not beyond:
        return []
    return [f"The database role may change the trail: {beyond[0]} Run: obieg db grants"]


def _blobs() -> str:
    try:
        application().blobs.check()
    except DomainError as error:
        return error.sentence
    return "ok"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Numbers of this process in the text format of Prometheus."""
    pool = application().database.engine.pool
    used = pool.checkedout() if hasattr(pool, "checkedout") else 0
    lines = (
        "# TYPE obieg_process_start_time_seconds gauge",
        f"obieg_process_start_time_seconds {STARTED:.3f}",
        "# TYPE obieg_process_cpu_seconds_total counter",
        f"obieg_process_cpu_seconds_total {sum(os.times()[:2]):.3f}",
        "# TYPE obieg_database_connections_in_use gauge",
        f"obieg_database_connections_in_use {used}",
    )
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
