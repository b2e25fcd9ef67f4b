"""Pages keep WCAG 2.2 AA as far as axe-core can tell, at the width of a desk and of a phone, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import missing
from tests.e2e.conftest import Visitor
from tests.e2e.steps import attach, complete, fill_request, start_approval
from tests.e2e.world import NORTHWIND

AXE = Path(__file__).parents[2] / "webapp" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHECK = """async ([rules, colors]) => {
    const settings = {iframes: false, resultTypes: ["violations"]};
    const all = await axe.run(document, {...settings, runOnly: rules, rules: {"target-size": {enabled: true}}});
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    document.dispatchEvent(new CustomEvent("theme"));
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);  // until it is painted
    const other = await axe.run(document, {...settings, runOnly: {type: "rule", values: colors}});
    return [...all.violations, ...other.violations];
}"""
COLORS = ["color-contrast", "link-in-text-block"]  # what the other theme can break
WIDTHS = {1440: (900, "light"), 390: (844, "dark")}  # px; how high, and the theme that pages come in
Places = dict[str, str]


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        missing("axe-core", "it is not installed; run: make frontend")
    return AXE.read_text()


@pytest.fixture(scope="module")
def places(chromium: Browser, address: str, drafts: Iterator[str], request_pdf: Path) -> Places:
    """Where there is something to see: one approval under way, one whose first task is open, one draft."""
    visitor = Visitor(chromium.new_context(timezone_id="Europe/Warsaw"), address)
    page = visitor.log_in("ewa")
    start_approval(page, next(drafts))
    attach(page, request_pdf)
    fill_request(page)
    complete(page)
    start_approval(page, next(drafts))
    attach(page, request_pdf)
    found = {"task": page.url, "document": _link(page, "#task-documents .doc-name")}
    page.get_by_role("link", name="Case", exact=True).click()
    expect(page.locator(".diagram[data-ready=true]")).to_be_visible()
    found |= {"case": page.url, "trail": f"{page.url}/trail", "interaction": f"{page.url}/interaction"}
    visitor.go("/offers?state=draft")
    found["draft"] = _link(page, "main a.plain")
    visitor.go(found["draft"])
    found["customer"] = _link(page, ".page-head .lead a")
    visitor.go(found["customer"])
    found["service contract"] = _link(page, "main a[href^='/service-contracts/']:not([href$='new'])")
    if NORTHWIND.exists():
        found["order"] = _link(page, "main a.plain[href^='/orders/']")
        found["erasure"] = _link(page, "main a[href^='/contacts/']") + "/erasure"
        found["history of an order"] = found["order"] + "/history"
        visitor.go(found["order"])
        found["product"] = _link(page, "main td a[href^='/products/']")
    visitor.context.close()
    assert not visitor.unexpected()
    return {name: where.removeprefix(address) for name, where in found.items()} | {
        "inbox": "/?show=groups",
        "inbox, empty": "/?show=mine",
        "documents": "/documents",
        "document types": "/document-types",
        "document type": "/document-types/new",
        "outbox": "/outbox",
        "new message": "/messages/new",
        "texts of messages": "/outbox/texts",
        "text of messages": "/outbox/texts/offer",
        "offers": "/offers",
        "opportunities": "/opportunities",
        "sales figures": "/reports/sales",
        "approval figures": "/reports/approvals",
        "editor": f"{found['draft']}/edit",
        "cases": "/cases",
        "customers": "/customers",
        "activities": "/activities",
        "new activity": "/activities/new",
        "new customer": "/customers/new",
        "invoices": "/invoices",
        "payments": "/payments",
        "funnel": "/reports/funnel?process=offer_approval",
        "tasks in time": "/reports/tasks?process=offer_approval",
        "answers": "/reports/answers",
        "resource plan": "/reports/resources",
        "web visits": "/reports/visits",
        "dunning figures": "/reports/dunning",
        "postponements": "/reports/postponements",
        "changes of satisfaction": "/reports/satisfaction",
        "contacts by month": f"/reports/contacts?customer={found['customer'].rpartition('/')[2]}",
        "calls": "/calls",
        "duplicates": "/customers/duplicates",
        "missing data": "/customers/quality",
        "value lists": "/value-lists",
        "value list": "/value-lists/activity_method",
        "types of links": "/link-types",
        "processes": "/definitions",
        "start": "/start",
        "templates": "/templates",
        "letters": "/letters",
        "labels": "/labels",
        "today": "/today",
        "team": "/team",
        "notifications": "/notifications",
        "calendar": "/calendar",
        "calendar, month": "/calendar?view=dayGridMonth",
        "calendar addresses": "/calendar/feeds",
        "resources": "/resources",
        "free times": "/free-times",
        "rules of activities": "/activity-rules",
        "after-sales plan": "/after-sales",
        "campaigns": "/campaigns",
        "reminders of days": "/date-reminders",
        "segments": "/segments",
        "new segment": "/segments/new",
        "price lists": "/price-lists",
        "new price list": "/price-lists/new",
        "devices": "/devices",
        "new device": "/devices/new",
        "imports": "/imports",
        "exports": "/exports",
        "mass edits": "/mass-edits",
        "new mass edit": "/mass-edits/new",
    }


def _link(page: Page, selector: str) -> str:
    return str(page.locator(selector).first.get_attribute("href"))


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_any_page_in_either_theme(
    chromium: Browser, address: str, places: Places, axe: str, width: int
) -> None:
    height, theme = WIDTHS[width]
    viewport: Any = {"width": width, "height": height}
    context = chromium.new_context(viewport=viewport, color_scheme=theme, reduced_motion="reduce")
    visitor = Visitor(context, address)
    findings = _check(visitor.go("/login"), axe, "log-in")
    visitor.log_in("ewa")

    for name, path in places.items():
        if name == "erasure":
            continue
        findings += _check(visitor.go(path), axe, name)
    for name in ("inbox", "task"):
        findings += _check(_as_manager(visitor, name), axe, f"{name} of the manager")
    _change(visitor, "admin")
    for address in ("/erp", "/erp/masters", "/webhooks", "/tickets", "/people", "/people/ewa", "/scopes", "/account"):
        findings += _check(visitor.go(address), axe, address)

    findings += _check_studio(visitor, axe)

    context.close()
    assert not findings, "\n".join(findings)
    assert not visitor.unexpected()


def _check_studio(visitor: Visitor, axe: str) -> list[str]:
    """The list of projects, and each kind of editor with a copy of what is deployed in it."""
    page = visitor.go("/studio")
    findings = _check(page, axe, "studio")
    page.get_by_label("From what is deployed").select_option(label="Leave request, version 1")
    page.get_by_role("button", name="Copy").click()
    for ending in (".bpmn", ".dmn", ".form"):
        page.locator("[data-file]", has_text=ending).first.click()
        expect(page.locator("[data-desk][data-ready]")).to_be_attached()
        findings += _check(page, axe, f"studio, {ending}")
    return findings


def _change(visitor: Visitor, name: str) -> Page:
    """Somebody else sits down."""
    visitor.context.clear_cookies(name="obieg")
    return visitor.log_in(name)


def _as_manager(visitor: Visitor, name: str) -> Page:
    page = _change(visitor, "jan")
    visitor.go("/?show=groups")
    if name == "task":
        page.locator("main a.row-link").first.click()
        expect(page).to_have_url(re.compile("/tasks/"))
    return page


def _check(page: Page, axe: str, name: str) -> list[str]:
    """What axe finds in both themes, a line each: the page, the rule, the element and what is wrong with it."""
    page.wait_for_load_state("networkidle")
    for box in page.locator("#form, .diagram").all():
        expect(box).to_have_attribute("data-ready", "true")
    page.evaluate(axe)  # over the debugger's protocol: the page's own policy, which allows no such script, stays on
    found: list[dict[str, Any]] = page.evaluate(CHECK, [RULES, COLORS])
    return [
        f"{name}: {violation['id']}: {node['target']} {node['html'][:160]} – {_reason(node)}"
        for violation in found
        for node in violation["nodes"]
    ]


def _reason(node: dict[str, Any]) -> str:
    return "; ".join(each["message"] for kind in ("any", "all", "none") for each in node[kind])[:300]
