"""How pages are laid out where screenshots showed that it matters: numbers stand right, nothing is cut on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.conftest import LogIn
from tests.e2e.steps import start_approval

PHONE = {"width": 390, "height": 844}
CUT = """tables => tables.filter(table => {
    const box = table.closest(".fjs-table-middle-container");
    return box.scrollWidth > box.clientWidth || box.getBoundingClientRect().right > innerWidth;
}).length"""

EDGES = """rows => rows.map(row => {
    const seen = [...row.children].filter(cell => cell.offsetWidth).map(cell => cell.getBoundingClientRect());
    return [seen[0].left, seen.at(-1).right].map(Math.round);
})"""


def _open_draft(page: Page, number: str) -> None:
    if page.get_by_role("button", name="Open the navigation").is_visible():
        page.get_by_role("button", name="Open the navigation").click()
    start_approval(page, number)
    expect(page.locator("#form[data-ready=true]")).to_be_visible()


def test_numbers_of_a_forms_table_stand_right_and_words_left(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa").page
    _open_draft(page, draft)

    titles, cells = page.locator(".fjs-table-th"), page.locator(".fjs-table-body tr").first.locator("td")
    for place in range(titles.count()):
        side = "left" if titles.nth(place).inner_text() == "Item" else "right"
        expect(titles.nth(place)).to_have_css("text-align", side)
        expect(cells.nth(place)).to_have_css("text-align", side)


def test_a_forms_table_is_read_whole_on_a_phone(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa", **PHONE).page
    _open_draft(page, draft)

    table = page.locator(".fjs-table")
    expect(table).to_be_visible()
    net = table.locator('td[data-label="Net"]').first
    net.scroll_into_view_if_needed()
    expect(net).to_be_in_viewport(ratio=0.99)
    assert table.evaluate_all(CUT) == 0


def test_the_tab_that_one_is_on_is_in_sight_on_a_phone(log_in: LogIn) -> None:
    page = log_in("adam", **PHONE).go("/cases?state=")

    expect(page.locator('.tab[aria-current="page"]')).to_be_in_viewport(ratio=0.99)


def test_the_totals_of_an_offer_stand_in_two_columns_on_a_phone(log_in: LogIn, draft: str) -> None:
    page = log_in("ewa", **PHONE).go("/offers?state=draft")
    page.get_by_role("link", name=draft).click()

    rows = page.locator("main tfoot tr")
    expect(rows).to_have_count(3)
    edges = rows.evaluate_all(EDGES)

    assert edges[0] == edges[1] == edges[2]
