"""The offer editor's choice of a product: found as one types, with the keyboard alone, and never lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LogIn

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def editor(log_in: LogIn, draft: str) -> Page:
    page = log_in("ewa").page
    _open(page, draft)
    return page


def _open(page: Page, draft: str) -> None:
    address = page.url.split("/", 3)
    page.goto(f"{address[0]}//{address[2]}/offers?state=draft")
    page.get_by_role("link", name=draft).click()
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name=f"Edit offer {draft}")).to_be_visible()


def test_a_product_is_found_chosen_and_saved_with_the_keyboard_alone(editor: Page) -> None:
    editor.get_by_role("button", name="Add a line").press("Enter")
    field = editor.locator("#lines tr").last.get_by_label("Product")
    expect(field).to_be_focused()
    field.press("ArrowDown")
    options = editor.get_by_role("option")
    expect(options.first).to_be_visible()
    name = str(options.first.get_attribute("data-name"))

    editor.keyboard.type(name[:4].lower())
    expect(editor.locator('[role=option][aria-selected="true"]')).to_have_count(1)
    editor.keyboard.type(name[4:].lower())
    chosen = editor.locator('[role=option][aria-selected="true"]', has_text=name)
    expect(chosen).to_be_visible()
    expect(field).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    price = str(chosen.get_attribute("data-price"))
    editor.keyboard.press("Enter")

    row = editor.locator("#lines tr").last
    expect(field).to_have_value(name)
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(row.get_by_label("Price")).to_have_value(price)
    expect(row.get_by_label("Quantity")).to_be_focused()
    editor.get_by_role("button", name="Save").press("Enter")
    expect(editor.get_by_text("The offer is saved.")).to_be_visible()
    expect(editor.locator("main tbody tr").last).to_contain_text(name)


def test_what_fits_no_product_is_told_and_the_field_keeps_what_was_chosen(editor: Page) -> None:
    field = editor.locator("#lines tr").first.get_by_label("Product")
    before = field.input_value()

    field.fill("xyzzy")
    expect(editor.get_by_text("No product begins with “xyzzy”.")).to_be_visible()
    expect(editor.get_by_role("option")).to_have_count(0)
    field.press("Enter")
    expect(editor.get_by_role("heading", name="Edit offer")).to_be_visible()
    field.press("Escape")

    expect(field).to_have_value(before)
    expect(editor.locator("#product-choices")).not_to_be_visible()


def test_the_list_goes_round_and_closes_when_one_goes_on(editor: Page) -> None:
    field = editor.locator("#lines tr").first.get_by_label("Product")
    before = field.input_value()
    field.click()
    options = editor.get_by_role("option")
    expect(options.first).to_be_visible()

    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Tab")

    expect(editor.locator("#product-choices")).not_to_be_visible()
    expect(field).to_have_value(before)
    expect(editor.locator("#lines tr").first.get_by_label("Quantity")).to_be_focused()


def test_on_a_phone_a_product_is_chosen_by_a_tap_and_the_list_stays_on_the_screen(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa", **PHONE).page
    _open(page, draft)
    field = page.locator("#lines tr").first.get_by_label("Product")

    field.click()
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    box = page.locator("#product-choices").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    name = str(options.nth(1).get_attribute("data-name"))
    options.nth(1).click()

    expect(field).to_have_value(name)
    expect(page.locator("#product-choices")).not_to_be_visible()


def test_a_price_of_twelve_digits_is_read_whole(editor: Page) -> None:
    price = editor.locator("#lines tr").first.get_by_label("Price")

    price.fill("123456789012.00")

    assert price.evaluate("field => field.scrollWidth <= field.clientWidth")
