"""A field of a form that finds records as one types: by keyboard, by finger, and what was typed may stay."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LogIn

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def lead(log_in: LogIn) -> Page:
    """A lead of nobody known, to be qualified."""
    page = log_in("ewa").page
    page.get_by_role("link", name="Start a case").first.click()
    card = page.locator("section", has=page.locator('[value="sales_cycle"]'))
    card.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Qualify lead", level=1)).to_be_visible()
    return page


def test_a_customer_is_found_by_name_with_the_keyboard_and_stands_there_by_number(lead: Page) -> None:
    field = lead.get_by_label("Customer (number)")
    field.press_sequentially("alfr")
    option = lead.locator('[role=option][aria-selected="true"]')
    expect(option).to_contain_text("Alfreds Futterkiste")
    number = str(option.get_attribute("data-value"))

    field.press("Enter")

    expect(field).to_have_value(number)
    expect(lead.locator("#form-choices")).not_to_be_visible()


def test_what_is_no_record_stays_as_it_was_typed(lead: Page) -> None:
    field = lead.get_by_label("Product group")
    field.press_sequentially("Something new")
    expect(lead.locator("#form-choices")).to_contain_text("Nothing that you may see fits")

    lead.get_by_label("What is needed").or_(lead.get_by_label("The budget is known")).first.focus()

    expect(field).to_have_value("Something new")
    expect(lead.locator("#form-choices")).not_to_be_visible()


def test_on_a_telephone_the_list_is_inside_the_page_and_a_touch_chooses(lead: Page) -> None:
    lead.set_viewport_size(PHONE)
    field = lead.get_by_label("Product group")
    field.press_sequentially("bev")
    option = lead.get_by_role("option").first
    expect(option).to_be_visible()
    box = lead.locator("#form-choices").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]

    option.click()

    expect(field).to_have_value("Beverages")
