"""The way of a document, from being filed to being found again, and the pages on that way."""

from __future__ import annotations

import io
import os
import re
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import LogIn, Visitor
from tests.e2e.steps import choose
from tests.e2e.test_e2e_accessibility import WIDTHS, _check, axe  # noqa: F401 -- a fixture
from tests.served import wait_until


def pdf(*lines: str) -> bytes:
    """A page with these lines, and bytes that nothing else has."""
    made = io.BytesIO()
    canvas = Canvas(made)
    for number, line in enumerate(lines):
        canvas.drawString(72, 760 - 20 * number, line)
    canvas.showPage()
    canvas.drawString(72, 760, "Second page")
    canvas.save()
    return made.getvalue() + f"\n% {os.urandom(8).hex()}\n".encode()


def findings(page: Page, axe: str, name: str) -> list[str]:  # noqa: F811 -- the fixture
    """What axe finds on the page as it is, at the width of a desk and of a phone."""
    found = []
    for width, (height, _) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        found += _check(page, axe, f"{name} at {width}")
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


def describe(page: Page) -> None:
    """Choose a type, and fill in the fields that come with it."""
    page.locator("#describe summary").click()
    page.locator("#describe select[name=type]").select_option(label="Contract")
    page.get_by_label("Counterparty").fill("Wisła Pompy")
    page.get_by_label("Tags, with commas between them").fill("frame, pumps")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#describe")).not_to_have_attribute("open", "")
    expect(page.get_by_label("About this document")).to_contain_text("Wisła Pompy")


def test_a_document_is_filed_described_changed_compared_restored_and_found(
    log_in: LogIn,
    axe: str,  # noqa: F811 -- the fixture
) -> None:
    visitor = log_in("ewa")
    page = visitor.go("/documents")
    choose(page, "frame agreement.pdf", pdf("Frame agreement", "Payment within fourteen days"))
    page.locator("#documents .doc-name", has_text="frame agreement").first.click()
    expect(page.get_by_role("heading", name="frame agreement", level=1)).to_be_visible()
    where = page.url.removeprefix(visitor.address)
    expect(page.locator(".pdfViewer .page").first).to_be_visible()

    describe(page)
    page.get_by_role("button", name="Check out").click()
    expect(page.get_by_text("You have checked it out")).to_be_visible()
    page.get_by_label("What has changed").fill("longer payment")
    choose(page, "frame agreement 2.pdf", pdf("Frame agreement", "Payment within thirty days"))
    expect(page.get_by_text("version 2", exact=False).first).to_be_visible()
    expect(page.get_by_text("You have checked it out")).to_have_count(0)

    def is_compared() -> bool:
        visitor.go(f"{where}/comparison?before=1&after=2")
        return page.locator("del", has_text="fourteen").count() == 1

    wait_until(is_compared, what="the texts are not compared")
    expect(page.locator("ins", has_text="thirty")).to_be_visible()
    found = findings(page, axe, "comparison of texts")
    page.get_by_role("link", name="Pages", exact=True).click()
    pictures = page.locator(".pages-beside img")
    expect(pictures).to_have_count(4)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("naturalHeight", 1754)
    found += findings(page, axe, "comparison of pages")

    visitor.go(where)
    page.get_by_role("button", name="Restore version 1").click()
    page.locator("#confirm").get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Versions").locator("ol > li")).to_have_count(3)
    history = page.locator("#history")
    history.scroll_into_view_if_needed()
    expect(history.get_by_text("Document checked out")).to_be_visible()
    expect(history.get_by_text("longer payment")).to_be_visible()
    history.get_by_role("link", name="version 2").first.click()
    expect(page.get_by_text("You look at an older version")).to_be_visible()
    found += findings(page, axe, "document")

    def is_found() -> bool:
        visitor.go("/search?q=type:contract fourteen")
        return page.get_by_role("link", name="frame agreement").count() > 0

    wait_until(is_found, what="the document is not found")
    found += findings(page, axe, "search")
    assert not found, "\n".join(found)


def test_what_swaps_a_part_of_a_page_copies_no_style_that_the_policy_refuses(log_in: LogIn) -> None:
    page = log_in("ewa").go("/documents")
    choose(page, "styled.pdf", pdf("Styled"))
    page.locator("#documents .doc-name", has_text="styled").first.click()
    page.locator("#describe summary").click()
    kinds = page.locator("#describe select[name=type]")
    page.route("**/fields*", lambda route: route.fulfill(body='<textarea id="sized" name="x"></textarea>'))
    kinds.select_option(label="Contract")
    page.locator("#sized").evaluate("each => { each.style.height = '99px' }")  # as who makes it larger with the mouse

    with page.expect_response("**/fields*"):
        kinds.select_option(label="No type")

    expect(page.locator("#sized[style]")).to_have_count(0)  # and nothing on the console, for which the test fails


def test_the_auditors_pages_and_the_inbox_of_scans_are_accessible(
    chromium: Browser,
    address: str,
    data: Path,
    axe: str,  # noqa: F811 -- the fixture
) -> None:
    path = data / "scans" / "A scan.pdf"
    path.write_bytes(pdf("A scan"))
    os.utime(path, (0, 0))
    found = []
    for theme in ("light", "dark"):
        context = chromium.new_context(color_scheme=theme, reduced_motion="reduce")
        visitor = Visitor(context, address)
        page = visitor.log_in("adam")
        found += findings(visitor.go("/audit"), axe, f"log, {theme}")
        page.locator("#log a[href*='/audit/documents/']").first.click()
        expect(page).to_have_url(re.compile("/audit/documents/"))
        found += findings(page, axe, f"evidence of a document, {theme}")
        context.clear_cookies(name="obieg")
        visitor.log_in("jan")
        wait_until(partial(_has_arrived, visitor), what="the scan is not taken")
        found += findings(page, axe, f"inbox of scans, {theme}")
        page.locator("[data-walk]").first.click()
        expect(page.get_by_label("Title")).to_be_visible()
        found += findings(page, axe, f"a scan, {theme}")
        if theme == "dark":
            page.get_by_text("Set it aside").click()
            page.get_by_label("Why it belongs nowhere").fill("seen")
            page.get_by_role("button", name="Set aside").click()
            expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
        context.close()
        assert not visitor.unexpected()

    assert not found, "\n".join(found)


def _has_arrived(visitor: Visitor) -> bool:
    return visitor.go("/scan-inbox").locator("[data-walk]").count() > 0
