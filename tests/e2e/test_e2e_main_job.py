"""The main job in a browser: an offer is prepared, approved, filed and sent, and an auditor follows every step."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import LogIn
from tests.e2e.steps import attach, complete, fill_request, start_approval

TITLE = "request"


def test_an_offer_goes_from_draft_to_an_approval_that_an_auditor_can_follow(
    log_in: LogIn, draft: str, request_pdf: Path
) -> None:
    ewa = log_in("ewa")
    representative = ewa.page
    start_approval(representative, draft)
    fill_request(representative)
    digest = attach(representative, request_pdf)
    complete(representative)

    manager = log_in("jan").page
    row = manager.locator("li", has_text=draft)
    expect(row).to_contain_text("Approve offer")
    row.get_by_role("link").click()
    expect(manager.locator("#form")).to_contain_text("15")
    expect(manager.get_by_role("cell", name=re.compile("Tofu|Meat|Jack|Shouyu|Pompa|.+")).first).to_be_visible()
    expect(manager.locator("#documents .doc-name", has_text=TITLE)).to_be_visible()
    manager.get_by_label("Approve", exact=True).check()
    complete(manager)

    ewa.go("/")
    package = representative.locator("li", has_text=draft)
    expect(package).to_contain_text("Assemble package")
    package.get_by_role("link").click()
    representative.get_by_label("By post", exact=True).check()
    complete(representative)

    representative.get_by_role("link", name="Cases").click()
    representative.get_by_role("link", name="Completed").click()
    representative.get_by_role("link", name=draft).click()
    expect(representative.locator(".diagram[data-ready=true]")).to_be_visible()
    expect(representative.locator("h1")).to_contain_text("Approved")
    sheet = representative.locator(".doc-name", has_text=re.compile("sheet", re.IGNORECASE))
    expect(sheet.first).to_be_visible()

    auditor = log_in("adam").page
    auditor.get_by_role("link", name="Cases").click()
    auditor.get_by_role("link", name="All", exact=True).click()
    auditor.get_by_role("link", name=draft).click()
    auditor.get_by_role("link", name="Trail").click()
    expect(auditor.locator("#chain-holds")).to_contain_text("Verified just now")
    completed = auditor.locator('[data-entry="task.completed"]')
    expect(completed).to_have_count(3)
    first = completed.first
    expect(first).to_contain_text("Ewa Kowalska")
    expect(first).to_contain_text("Prepare offer")
    expect(first.locator("time")).to_have_count(1)
    expect(first).to_contain_text("version 1")
    expect(first.locator(f'[data-copy="{digest}"]')).to_be_visible()
    expect(completed.nth(1)).to_contain_text("Jan Lis")
    expect(completed.nth(1)).to_contain_text("Approve offer")
    expect(completed.last).to_contain_text("Assemble package")
