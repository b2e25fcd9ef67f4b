"""The parts that a firm chooses: what is switched off has no menu, no pages, no rights, no API, and no new processes.

What is kept stays: rows, cases that run and what they need of their handlers. Switched on again, everything is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Flask, current_app, request

from core.errors import NotFound
from core.identity import Actor
from core.messages import Event
from core.records import dataclass
from core.settings import Settings, SettingsError
from engine.errors import DeploymentRefused
from engine.events import DefinitionDeployed
from engine.models import DefinitionRow
from storage.unit_of_work import UnitOfWork

HANDLER = re.compile(rb'obieg:handler="([a-z_]+)\.')


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What belongs to a part: modules of pages, tags of the API, rights, and packages of handlers."""

    pages: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


def _part(pages: str = "", tags: str = "", rights: str = "", packages: str = "") -> Module:
    return Module(
        pages=frozenset(pages.split()),
        tags=frozenset(tags.split()),
        rights=frozenset(rights.split()),
        packages=frozenset(packages.split()),
    )


MODULES: Mapping[str, Module] = {
    "calls": _part("calls", "calls", "call.work"),
    "devices": _part("devices repair_report", "devices", packages="service_repair"),
    "dunning": _part("dunning_report", packages="dunning"),
    "erp": _part("erp", "erp", "erp.exchange"),
    "helpdesk": _part("tickets ticket_portal", "tickets", packages="helpdesk"),
    "letters": _part("letters print_batches templates", "letters templates"),
    "planning": _part("calendar resources matter_report", "calendar resources"),
    "sales": _part(
        "offers sending customer_orders orders invoices payments price_lists products answer_report opportunities"
        " sales_report approval_report",
        "offers opportunities orders invoices payments receivables",
        "offer.edit invoice.edit payment.edit",
        "offer_approval sales_cycle",
    ),
    "segments": _part("segments mailings", "segments"),
}


class SwitchedOff(NotFound):
    """The installation does without the part."""

    code = "module_off"

    def __init__(self, module: str) -> None:
        super().__init__(f"The part {module} is switched off in this installation (OBIEG_MODULES_OFF).", module=module)


def checked(settings: Settings) -> None:
    """Raise `SettingsError` for a part that there is not."""
    unknown = sorted(set(settings.modules_off) - MODULES.keys())
    if unknown:
        raise SettingsError(f"OBIEG_MODULES_OFF names {', '.join(unknown)}; known are {', '.join(MODULES)}.")


def off(settings: Settings) -> list[tuple[str, Module]]:
    """The parts that are switched off."""
    return [(name, MODULES[name]) for name in settings.modules_off]


def without(settings: Settings, actor: Actor) -> Actor:
    """Somebody without the rights of what is switched off."""
    gone = frozenset[str]().union(*(part.rights for _, part in off(settings)))
    return replace(actor, permissions=actor.permissions - gone) if gone & actor.permissions else actor


def is_off(settings: Settings, endpoint: str | None) -> str | None:
    """The part that a route belongs to, when it is switched off."""
    if endpoint is None or not settings.modules_off:
        return None
    blueprint, _, _ = endpoint.partition(".")
    module = current_app.view_functions[endpoint].__module__
    page = module.removeprefix("webapp.pages.")
    tag = blueprint.removeprefix("api_") if blueprint.startswith("api_") else ""
    return next((name for name, part in off(settings) if page in part.pages or tag in part.tags), None)


def register(app: Flask, settings: Settings) -> None:
    """Answer 404 for every route of a part that is switched off."""

    def refuse() -> None:
        name = is_off(settings, request.endpoint)
        if name is not None:
            raise SwitchedOff(name)

    app.before_request(refuse)


def refuse_deployed(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: a process that needs a handler of a part that is switched off is not deployed."""
    deployed = [each for each in events if isinstance(each, DefinitionDeployed)]
    if not deployed or not (parts := off(unit.port(Settings))):
        return
    for event in deployed:
        row = unit.session.get_one(DefinitionRow, event.definition_id)
        needed = {each.decode() for each in HANDLER.findall(row.source)}
        for name, part in parts:
            if needed & part.packages:
                raise ProcessNeedsModule(row.key, name)


class ProcessNeedsModule(DeploymentRefused):
    """A process needs what is switched off."""

    code = "process_needs_module"

    def __init__(self, process: str, module: str) -> None:
        sentence = f"The process {process} needs the part {module}, which is switched off here (OBIEG_MODULES_OFF)."
        finding = {"file": process, "severity": "error", "code": "module-off", "message": sentence}
        super().__init__(sentence, module=module, findings=[finding])
