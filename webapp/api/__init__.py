"""The REST API under /api/v1."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask import Blueprint, Flask, Response
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from core.ids import ALPHABET, LARGEST_NUMBER, LENGTH


class IdConverter(BaseConverter):
    """Identifiers in addresses; anything else is no address of ours."""

    regex = f"[{ALPHABET}]{{{LENGTH}}}"


class NumberConverter(IntegerConverter):
    """Numbers in addresses, as large as the database counts; anything else is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=LARGEST_NUMBER)


def register(app: Flask) -> None:
    """Add the routes of the API and their description."""
    from webapp.api import (
        activities,
        after_sales,
        arrivals,
        breaches,
        calendar,
        calls,
        campaigns,
        choices,
        consents,
        contacts,
        customer_files,
        customer_search,
        customers,
        date_reminders,
        definitions,
        devices,
        dictionaries,
        document_content,
        document_shares,
        document_types,
        document_work,
        documents,
        duplicates,
        erp,
        exports,
        imports,
        incidents,
        instances,
        invoices,
        letters,
        mass_edits,
        messages,
        migrations,
        notices,
        notifications,
        offers,
        operations,
        opportunities,
        orders,
        outbox,
        packages,
        payments,
        planner,
        receivables,
        record_links,
        records,
        removals,
        resources,
        search,
        segments,
        signatures,
        studio,
        substitutions,
        tasks,
        templates,
        tickets,
        trail,
        uploads,
        visits,
        webhooks,
        workers,
    )
    from webapp.api.json_body import answer_json
    from webapp.api.openapi import describe
    from webapp.modules import off
    from webapp.web import application

    app.url_map.converters |= {"id": IdConverter, "int": NumberConverter}
    parts = [
        module.routes
        for module in (
            definitions,
            instances,
            choices,
            notices,
            tasks,
            documents,
            document_content,
            document_shares,
            signatures,
            document_work,
            document_types,
            packages,
            orders,
            erp,
            webhooks,
            outbox,
            templates,
            letters,
            customers,
            customer_files,
            segments,
            devices,
            tickets,
            customer_search,
            breaches,
            consents,
            contacts,
            dictionaries,
            duplicates,
            exports,
            imports,
            mass_edits,
            offers,
            opportunities,
            invoices,
            payments,
            activities,
            campaigns,
            visits,
            after_sales,
            date_reminders,
            planner,
            calls,
            calendar,
            notifications,
            substitutions,
            resources,
            receivables,
            trail,
            messages,
            workers,
            incidents,
            operations,
            migrations,
            studio,
            record_links,
            records,
            removals,
            search,
            uploads,
            arrivals,
        )
    ]
    for routes in parts:
        app.register_blueprint(routes.blueprint)
    description = Blueprint("api", __name__, url_prefix="/api/v1")
    document: dict[str, Any] = {}

    @description.get("/openapi.json")
    def openapi() -> Response:
        """Describe the API."""
        if not document:
            gone = frozenset[str]().union(*(part.tags for _, part in off(application().settings)))
            there = [routes for routes in parts if routes.blueprint.name.removeprefix("api_") not in gone]
            described = [operation for routes in there for operation in routes.operations]
            document.update(describe(described, version=version("obieg")))
        return answer_json(document)

    app.register_blueprint(description)
