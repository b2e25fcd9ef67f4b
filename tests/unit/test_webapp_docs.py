from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from core.settings import Settings
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
from webapp.cli import COMMANDS, SUMMARIES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
VARIABLE = re.compile(r"<(?:\w+:)?\w+>")
BESIDE = {"GET /healthz", "GET /readyz", "GET /metrics"}
PARTS = (
    calls,
    substitutions,
    erp,
    webhooks,
    outbox,
    definitions,
    studio,
    instances,
    choices,
    notices,
    tasks,
    documents,
    document_content,
    document_shares,
    document_work,
    document_types,
    breaches,
    consents,
    contacts,
    customer_files,
    customer_search,
    customers,
    segments,
    devices,
    tickets,
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
    calendar,
    notifications,
    resources,
    receivables,
    trail,
    messages,
    workers,
    incidents,
    operations,
    migrations,
    record_links,
    removals,
    uploads,
    arrivals,
    signatures,
    packages,
    orders,
    templates,
    letters,
    records,
    search,
)


def test_every_setting_is_documented_and_no_other() -> None:
    written = set(re.findall(r"OBIEG_([A-Z0-9_]+)", (REFERENCE / "settings.md").read_text()))

    assert written - {""} == {each.name.upper() for each in dataclasses.fields(Settings)}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    assert f"obieg {name}" in (REFERENCE / "cli.md").read_text()
    assert SUMMARIES[name].endswith(".") or "…" in SUMMARIES[name]


def test_every_route_is_documented_and_no_other() -> None:
    described = [operation for part in PARTS for operation in part.routes.operations]
    served = {f"{each.method} {VARIABLE.sub(r'{<}', each.path)}" for each in described}
    written = set(re.findall(r"`((?:GET|POST|PATCH|DELETE|OPTIONS) /\S+)`", (REFERENCE / "rest.md").read_text()))

    assert {re.sub(r"{\w+}", "{<}", call) for call in written} - BESIDE == served


def test_no_two_routes_share_an_address() -> None:
    described = [operation for part in PARTS for operation in part.routes.operations]
    served = [f"{each.method} {VARIABLE.sub('{<}', each.path)}" for each in described]

    assert sorted({each for each in served if served.count(each) > 1}) == []
