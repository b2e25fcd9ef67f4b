"""Small walks: what goes wrong for people is told to them, pages fit a phone, and the keyboard is enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import LogIn
from tests.e2e.steps import attach, choose, complete, fill_request, start_approval

PHONE = {"width": 390, "height": 844}
PAGES = (
    "/",
    "/tasks/done",
    "/cases",
    "/documents",
    "/offers",
    "/customers",
    "/definitions",
    "/start",
    "/today",
    "/notifications",
    "/calendar",
    "/calendar/feeds",
    "/resources",
    "/free-times",
    "/activity-rules",
    "/after-sales",
    "/campaigns",
    "/date-reminders",
    "/segments",
    "/segments/new",
    "/price-lists",
    "/price-lists/new",
    "/devices",
    "/devices/new",
    "/imports",
    "/exports",
    "/outbox",
    "/outbox/addresses",
    "/outbox/letters",
    "/messages/new",
    "/link-types",
    "/account",
    "/people",
    "/people/ewa",
    "/scopes",
)


def test_an_expired_form_key_is_told_and_changes_nothing(log_in: LogIn, draft: str) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["status of 400"]
    page = visitor.page
    start_approval(page, draft)
    page.evaluate("document.querySelector('meta[name=csrf-token]').content = 'expired'")

    page.get_by_role("button", name="Claim").click()

    expect(page.get_by_role("status").get_by_text("open for too long")).to_be_visible()
    page.get_by_role("button", name="Reload the page").click()
    expect(page.get_by_role("button", name="Claim")).to_be_visible()
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Give back")).to_be_visible()


def test_the_second_of_two_tabs_is_told_that_the_task_is_done(log_in: LogIn, draft: str, request_pdf: Path) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["status of 409", "/draft"]  # nothing is kept for a task that is done
    first = visitor.page
    start_approval(first, draft)
    attach(first, request_pdf)
    fill_request(first)
    second = visitor.context.new_page()
    second.goto(first.url)
    fill_request(second)
    complete(first)

    second.get_by_role("button", name="Complete task").click()

    expect(second.get_by_role("status").get_by_text(re.compile("completed|finished|done"))).to_be_visible()
    second.get_by_role("button", name="Show the task as it is now").click()
    expect(second.get_by_text("Completed by Ewa Kowalska")).to_be_visible()
    expect(second.get_by_role("button", name="Complete task")).to_have_count(0)


def test_a_missing_document_and_a_wrong_field_are_shown_where_they_are(log_in: LogIn, draft: str) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["status of 422"]
    page = visitor.page
    start_approval(page, draft)

    page.get_by_label("Payment term, days").fill("")
    page.get_by_role("button", name="Complete task").click()
    expect(page.locator(".fjs-form-field-error").first).to_be_visible()
    expect(page.get_by_label("Payment term, days")).to_be_focused()

    fill_request(page)
    page.get_by_role("button", name="Complete task").click()
    expect(page.locator("#documents.is-wanted .is-missing")).to_contain_text("Customer request")


def test_tasks_are_walked_claimed_and_finished_one_after_the_other(
    log_in: LogIn, draft: str, request_pdf: Path
) -> None:
    visitor = log_in("ewa")
    page = visitor.page
    start_approval(page, draft)
    attach(page, request_pdf)
    visitor.go("/?show=groups")
    row = page.locator("[data-walk]").filter(has_text=draft)
    expect(row).to_be_visible()
    page.get_by_role("button", name="Keys").click()  # answers once the scripts have run
    expect(page.get_by_role("dialog").get_by_text("claim it")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    expect(page.locator("[data-walk]").first).to_be_focused()
    row.focus()
    page.keyboard.press("c")
    expect(row).to_have_count(0)
    visitor.go("/?show=mine")
    row.focus()
    page.keyboard.press("Enter")
    fill_request(page)
    page.get_by_role("button", name="Complete, then the next one").click()

    expect(page.get_by_text("Done: Prepare offer.")).to_be_visible()


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(log_in: LogIn, draft: str, tmp_path: Path) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["net::ERR_FAILED"]
    page = visitor.page
    start_approval(page, draft)
    large = tmp_path / "plans.bin"
    large.write_bytes(b"\x01" * (8 << 20))
    held: list[Route] = []

    def hold(route: Route, _request: Request) -> None:
        held.append(route)

    page.route("**/api/v1/uploads/*", hold)
    page.locator("[data-upload] input[type=file]").set_input_files(large)
    row = page.locator(".uploading")
    expect(row).to_contain_text("plans.bin")
    expect(row.locator("progress")).to_be_visible()
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    expect(page.locator("#task-documents .doc")).to_have_count(0)

    page.unroute("**/api/v1/uploads/*")
    attach(page, large)
    expect(page.locator("#task-documents .doc-meta").first).to_contain_text("8.4 MB")


def test_a_comment_appears_at_once(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa").page
    start_approval(page, draft)

    page.get_by_label("New comment").fill("Delivery in week 12 & <b>not</b> later")
    page.get_by_role("button", name="Comment").click()

    expect(page.locator("#comments .said")).to_have_text("Delivery in week 12 & <b>not</b> later")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_a_phone(log_in: LogIn, path: str) -> None:
    visitor = log_in("admin", **PHONE)

    page = visitor.go(path)
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_navigation_of_a_phone_opens_closes_and_leads_on(log_in: LogIn) -> None:
    page = log_in("ewa", **PHONE).page
    expect(page.get_by_role("link", name="Customers")).not_to_be_visible()

    page.get_by_role("button", name="Open the navigation").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Customers")).not_to_be_visible()
    page.get_by_role("button", name="Open the navigation").click()
    page.get_by_role("link", name="Customers").click()

    expect(page.get_by_role("heading", name="Customers")).to_be_visible()


def test_the_search_of_a_list_finds_as_one_types(log_in: LogIn) -> None:
    page = log_in("ewa").page
    page.get_by_role("link", name="Customers").click()
    rows = page.locator("#customers tbody tr")
    name = rows.first.locator("a").inner_text()
    page.wait_for_load_state()  # the keys are known once the scripts have run

    page.keyboard.press("/")
    page.keyboard.type(name)

    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(name)


def test_an_offer_is_edited_and_its_totals_follow(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa").page
    page.get_by_role("link", name="Offers").click()
    page.get_by_role("link", name=draft).click()
    page.get_by_role("link", name="Edit").click()

    first = page.locator("#lines tr").first
    first.get_by_label("Quantity").fill("2")
    first.get_by_label("Price").fill("10,05")
    first.get_by_label("Discount in per cent").fill("50")
    for _ in range(page.locator("#lines tr").count() - 1):
        page.locator("#lines tr").last.get_by_role("button", name="Remove this line").click()
    expect(page.locator('[data-total="net"]')).to_have_text("10.05")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("The offer is saved.")).to_be_visible()
    expect(page.locator("tfoot")).to_contain_text("10.05")


def test_a_wrong_password_is_told_and_the_theme_is_remembered(log_in: LogIn) -> None:
    visitor = log_in(None)
    visitor.expected = ["status of 401", "status of 422"]
    page = visitor.go("/login")
    page.get_by_label("Name").fill("ewa")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")

    visitor.log_in("ewa")
    page.locator("summary", has_text="Account of Ewa Kowalska").click()
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("link", name="Cases").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    page.locator("summary", has_text="Account of Ewa Kowalska").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()


def test_what_is_not_there_is_told_in_the_frame_of_the_product(log_in: LogIn) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["status of 404"]

    page: Page = visitor.go("/cases/01ARZ3NDEKTSV4RRFFQ69G5FAV")

    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_a_process_is_drawn_and_the_mark_of_its_viewer_stays_visible(log_in: LogIn) -> None:
    page = log_in("ewa").page
    page.get_by_role("link", name="Processes").click()
    page.get_by_role("link", name="Offer approval").click()

    expect(page.locator(".diagram[data-ready=true] .djs-shape").first).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    page.get_by_role("button", name="Larger").click()
    expect(page.locator(".diagram .djs-shape").first).to_be_attached()


def test_an_attached_pdf_is_shown_on_the_page_and_a_new_version_is_filed(
    log_in: LogIn, draft: str, request_pdf: Path
) -> None:
    page = log_in("ewa").page
    start_approval(page, draft)
    attach(page, request_pdf)
    expect(page.locator(".fjs-powered-by")).to_be_visible()

    with page.expect_response("**/preview") as shown:
        page.get_by_role("link", name=f"Show {request_pdf.stem}").click()
    assert shown.value.headers["content-type"] == "application/pdf"
    expect(page.locator("#preview .pdfViewer .page canvas").first).to_be_visible()
    page.locator("#preview").get_by_label("Find in the document").fill("nowhere in it")
    page.keyboard.press("Enter")
    expect(page.locator("#preview").get_by_text("not found")).to_be_visible()
    page.get_by_role("button", name="Close the preview").click()
    expect(page.locator("#preview .pdfViewer")).to_have_count(0)

    page.locator("#task-documents .doc-name").click()
    page.get_by_label("What has changed").fill("signed")
    choose(page, "signed.pdf", request_pdf.read_bytes() + b"% signed")
    expect(page.get_by_text("The new version is filed.")).to_be_visible()
    versions = page.get_by_role("region", name="Versions")
    expect(versions.locator("li", has_text="signed")).to_contain_text("2")


def test_the_trail_is_filtered_as_one_types(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa").page
    start_approval(page, draft)
    page.get_by_role("link", name="Case", exact=True).click()
    page.get_by_role("link", name="Trail").click()
    started = page.locator('[data-entry="case.started"]')
    offered = page.locator('[data-entry="task.created"]')
    expect(offered).to_be_visible()

    page.get_by_label("Filter the trail").fill("case started")
    expect(started).to_be_visible()
    expect(offered).not_to_be_visible()
    page.get_by_label("Filter the trail").fill("nobody did this")
    expect(page.get_by_role("heading", name="No entry fits")).to_be_visible()
