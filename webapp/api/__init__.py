"""The REST API under /api/v1."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Flask, Response
from werkzeug.routing import BaseConverter

from core.ids import ALPHABET, LENGTH

PARTS = ("definitions", "instances", "tasks", "documents", "customers", "offers", "trail")


class IdConverter(BaseConverter):
    """Identifiers in addresses; anything else is no address of ours."""

    regex = f"[{ALPHABET}]{{{LENGTH}}}"


def register(app: Flask) -> None:
    """Add the routes of the API and their description."""
    from webapp.api.json_body import answer_json
    from webapp.api.openapi import describe

    app.url_map.converters["id"] = IdConverter
    operations = []
    for name in PARTS:
        try:
            module: Any = importlib.import_module(f"webapp.api.{name}")
        except ImportError:
            app.logger.exception("part of the API is missing")
            continue
        app.register_blueprint(module.routes.blueprint)
        operations += module.routes.operations
    document: dict[str, Any] = {}
    description = Blueprint("api", __name__, url_prefix="/api/v1")

    @description.get("/openapi.json")
    def openapi() -> Response:
        """Describe the API."""
        if not document:
            document.update(describe(operations, version=version("obieg")))
        return answer_json(document)

    app.register_blueprint(description)
