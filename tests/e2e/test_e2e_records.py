"""The pages of records: a rule is made, a document is held and released; axe finds nothing on any of them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.test_e2e_accessibility import WIDTHS, _check, axe  # noqa: F401 -- a fixture

PAGES = ("/records", "/records/holds", "/records/rules", "/records/rules/new", "/records/disposals")


def make_rule(page: Page) -> None:
    page.get_by_label("Key").fill("requests")
    page.get_by_label("Name", exact=True).fill("Requests")
    page.get_by_label("Kept for").fill("P2Y")
    page.get_by_label("Document types").fill("customer_request")
    page.get_by_label("Rests on").fill("KC art. 118")
    page.get_by_label("Why it is made").fill("the schedule begins")
    page.get_by_role("button", name="Save").click()


def test_the_schedule_is_administered_and_pages_are_accessible(
    chromium: Browser,
    address: str,
    axe: str,  # noqa: F811 -- the fixture
) -> None:
    for width, (height, theme) in WIDTHS.items():
        viewport: Any = {"width": width, "height": height}
        context = chromium.new_context(viewport=viewport, color_scheme=theme, reduced_motion="reduce")
        visitor = Visitor(context, address)
        page = visitor.log_in("admin")
        if theme == "light":
            visitor.go("/records/rules/new")
            make_rule(page)
            expect(page.get_by_role("link", name="Requests")).to_be_visible()
            expect(page.get_by_text("2 years after filing")).to_be_visible()

        findings = [line for path in PAGES for line in _check(visitor.go(path), axe, path)]

        assert not findings, "\n".join(findings)
        assert not visitor.unexpected()
        context.close()
