"""Bringing documents in: many files at once, one that breaks off, one that is filed already, with the keyboard."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import FileChooser, Page, Route, expect

from tests.e2e.conftest import LogIn
from tests.e2e.steps import choose
from tests.served import wait_until

PHONE = {"width": 390, "height": 844}
DROP = """([zone, files]) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name, {type: "text/plain"}));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        zone.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }
}"""


def customer(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Customers").click()
    page.locator("#customers tbody a").first.click()
    expect(page.locator("[data-upload]")).to_be_visible()


def texts(count: int, mark: str) -> list[list[str]]:
    return [[f"{mark} {number}.txt", f"{mark} {number} {os.urandom(8).hex()}"] for number in range(count)]


def test_many_files_dropped_on_a_customer_are_filed_there(log_in: LogIn) -> None:
    page = log_in("ewa").page
    customer(page)

    page.evaluate(DROP, [page.locator("[data-upload]").element_handle(), texts(7, "delivery")])

    expect(page.locator("#filed .doc-name", has_text="delivery")).to_have_count(7)
    expect(page.locator(".uploading")).to_have_count(0)


def test_files_dropped_anywhere_on_the_list_of_documents_are_filed(log_in: LogIn) -> None:
    page = log_in("ewa").go("/documents")

    page.evaluate(DROP, [page.locator("h1").element_handle(), texts(2, "anywhere")])

    expect(page.locator("#documents .doc-name", has_text="anywhere")).to_have_count(2)


def test_a_file_that_is_chosen_before_the_scripts_are_there_is_taken(log_in: LogIn) -> None:
    visitor = log_in("ewa")
    page, held = visitor.page, list[Route]()
    page.route("**/*.js", lambda route: held.append(route))  # noqa: PLW0108 -- Playwright takes no builtin
    page.goto(f"{visitor.address}/documents", wait_until="commit")

    choose(page, "early.bin", os.urandom(100))
    assert held
    for route in held:
        route.continue_()
    page.unroute("**/*.js")

    expect(page.locator("#documents .doc-name", has_text="early")).to_be_visible()


def test_a_file_is_chosen_and_cancelled_with_the_keyboard_alone(log_in: LogIn) -> None:
    visitor = log_in("ewa", **PHONE)
    visitor.expected = ["net::ERR_FAILED"]
    choosers: list[FileChooser] = []
    visitor.page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 -- Playwright takes no builtin
    page = visitor.go("/documents")
    page.route("**/api/v1/uploads/*", lambda route: None)
    field = page.locator("[data-upload] input[type=file]")
    field.focus()
    page.keyboard.press("Space")
    wait_until(lambda: bool(page.evaluate("true") and choosers), what="no file is asked for")
    choosers[0].set_files({"name": "held.bin", "mimeType": "application/octet-stream", "buffer": os.urandom(99)})
    cross = page.get_by_role("button", name="Cancel held.bin")
    expect(cross).to_be_visible()

    for _ in range(3):
        page.keyboard.press("Tab")
        if cross.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.locator(".uploading")).to_have_count(0)
    expect(field).to_be_focused()


def test_a_file_that_is_filed_already_is_linked_instead(log_in: LogIn) -> None:
    page = log_in("ewa").page
    customer(page)
    content = os.urandom(2000)
    choose(page, "frame contract.bin", content)
    expect(page.locator("#filed .doc-name", has_text="frame contract")).to_have_count(1)
    page.get_by_role("navigation").get_by_role("link", name="Customers").click()
    page.locator("#customers tbody a").nth(1).click()

    choose(page, "copy of it.bin", content)
    row = page.locator(".uploading")
    expect(row).to_contain_text("This file is already filed as “frame contract”, version 1.")
    row.get_by_role("button", name="Link the existing one").click()

    expect(page.locator("#filed .doc-name", has_text="frame contract")).to_have_count(1)
    expect(page.locator("#filed .doc-name", has_text="copy of it")).to_have_count(0)
    expect(row).to_have_count(0)


def test_a_file_that_is_filed_already_can_be_filed_all_the_same_or_left(log_in: LogIn) -> None:
    page = log_in("ewa").go("/documents")
    content = os.urandom(2000)
    choose(page, "original.bin", content)
    expect(page.locator("#documents .doc-name", has_text="original")).to_have_count(1)

    choose(page, "left.bin", content)
    page.locator(".uploading").get_by_role("button", name="Leave it").click()
    expect(page.locator(".uploading")).to_have_count(0)
    choose(page, "second.bin", content)
    page.locator(".uploading").get_by_role("button", name="File it anyway").click()

    expect(page.locator("#documents .doc-name", has_text="second")).to_have_count(1)
    expect(page.locator("#documents .doc-name", has_text="left")).to_have_count(0)


def test_what_somebody_else_filed_is_only_hinted_at(log_in: LogIn) -> None:
    content = os.urandom(2000)
    ewa = log_in("ewa").go("/documents")
    choose(ewa, "secret plans.bin", content)
    expect(ewa.locator("#documents .doc-name", has_text="secret plans")).to_have_count(1)
    piotr = log_in("piotr").go("/documents")

    choose(piotr, "mine.bin", content)

    row = piotr.locator(".uploading")
    expect(row).to_contain_text("filed already, where you may not see it")
    expect(piotr.get_by_text("secret plans")).to_have_count(0)
    row.get_by_role("button", name="Leave it").click()


def test_a_connection_that_breaks_off_is_tried_again_by_itself(log_in: LogIn) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["net::ERR_FAILED", "net::ERR_CONNECTION"]
    page = visitor.go("/documents")
    broken: list[str] = []

    def breaks_once(route: Route) -> None:
        if broken or route.request.method != "PATCH":
            route.continue_()
            return
        broken.append(route.request.url)
        route.abort("connectionreset")

    page.route("**/api/v1/uploads/*", breaks_once)
    choose(page, "stubborn.bin", os.urandom(500))

    expect(page.locator("#documents .doc-name", has_text="stubborn")).to_have_count(1)
    assert broken


def test_a_refused_file_says_why_and_can_be_tried_again(log_in: LogIn) -> None:
    visitor = log_in("ewa")
    visitor.expected = ["status of 507"]
    page = visitor.go("/documents")
    full = {"code": "storage_full", "detail": "There is no room left to store this file."}
    page.route("**/api/v1/uploads/*/check", lambda route: route.fulfill(status=507, json=full))
    choose(page, "unlucky.bin", os.urandom(500))
    row = page.locator(".uploading.is-failed")
    expect(row).to_contain_text("There is no room left to store this file.")

    page.unroute("**/api/v1/uploads/*/check")
    row.get_by_role("button", name="Try again").click()

    expect(page.locator("#documents .doc-name", has_text="unlucky")).to_have_count(1)


def test_an_upload_goes_on_after_the_page_was_reloaded(log_in: LogIn, tmp_path: Path) -> None:
    visitor = log_in("ewa", **PHONE)
    visitor.expected = ["net::ERR_FAILED"]
    page = visitor.go("/documents")
    large = tmp_path / "large plans.bin"
    large.write_bytes(os.urandom(20 << 20))
    offsets: list[int] = []

    def second_piece_hangs(route: Route) -> None:
        if route.request.headers.get("upload-offset", "0") == "0":
            route.continue_()

    page.route("**/api/v1/uploads/*", second_piece_hangs)
    page.locator("[data-upload] input[type=file]").set_input_files(large)
    expect(page.locator(".uploading [data-state]")).to_have_text(re.compile(r"[4-9]\d %"))
    page.reload()

    row = page.locator(".uploading")
    expect(row).to_contain_text(re.compile(r"Broke off at [4-9]\d %"))
    page.unroute("**/api/v1/uploads/*")
    page.on("request", lambda each: offsets.append(int(each.headers.get("upload-offset", "-1"))))
    page.locator("[data-upload] input[type=file]").set_input_files(large)

    expect(page.locator("#documents .doc-name", has_text="large plans")).to_have_count(1)
    expect(row).to_have_count(0)
    assert min(each for each in offsets if each >= 0) >= 8 << 20


def scan(data: Path, name: str, content: bytes) -> None:
    path = data / "scans" / name
    path.write_bytes(content)
    os.utime(path, (0, 0))


def test_scans_are_sorted_with_the_keyboard_alone(log_in: LogIn, data: Path, request_pdf: Path) -> None:
    scan(data, "Scan 1.pdf", request_pdf.read_bytes() + b"% one")
    scan(data, "Scan 2.pdf", request_pdf.read_bytes() + b"% two")
    visitor = log_in("jan")
    page = visitor.go("/scan-inbox")
    rows = page.locator("[data-walk]")
    wait_until(lambda: rows.count() == 2 or visitor.go("/scan-inbox") is None, what="the scans are not taken")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Scan 1", level=1)).to_be_visible()
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Frame contract")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Alfr")
    expect(page.locator("#found input").first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.locator("#chosen input:checked")).to_have_count(1)
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("“Frame contract” is filed.")).to_be_visible()
    expect(page.get_by_role("heading", name="Scan 2", level=1)).to_be_visible()
    expect(page.locator("[data-pdf] canvas").first).to_be_visible()
    page.get_by_text("Set it aside").click()
    page.get_by_label("Why it belongs nowhere").fill("a copy")
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
