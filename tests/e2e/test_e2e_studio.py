"""The studio: a process is drawn from an empty canvas, gets a form, is reviewed by somebody else, and runs."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LogIn, Visitor


def begin(visitor: Visitor, name: str) -> Page:
    page = visitor.page
    visitor.expected.append("getPad is deprecated")  # one library of the editor's about another
    visitor.go("/studio")
    page.get_by_label("With an empty diagram").fill(name)
    page.get_by_role("button", name="Draw").click()
    opened(page)
    return page


def opened(page: Page) -> None:
    expect(page.locator("[data-desk][data-ready]")).to_be_attached()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_text("Saved")


def pad(page: Page, action: str) -> Locator:
    return page.locator(f'.djs-context-pad [data-action="{action}"]')


def draw_one_task(page: Page, name: str) -> None:
    """From the start event to a user task and the end."""
    page.locator('[data-element-id="start"] .djs-hit').first.click()
    pad(page, "append.append-task").click()
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    pad(page, "replace").click()
    page.locator('.djs-popup [data-id="replace-with-user-task"]').click()
    pad(page, "append.end-event").click()
    saved(page)


def add_form(page: Page, name: str) -> None:
    """A form with a text field, dragged from the palette."""
    page.get_by_role("button", name="File", exact=True).click()
    page.get_by_label("What it is called").fill(name)
    page.get_by_role("button", name="Add", exact=True).click()
    opened(page)
    field = page.locator(".fjs-palette-field", has_text="Text field").bounding_box()
    form = page.locator(".fjs-form").first.bounding_box()
    assert field is not None
    assert form is not None
    page.mouse.move(field["x"] + 20, field["y"] + 20)
    page.mouse.down()
    middle = form["x"] + form["width"] / 2
    page.mouse.move(middle, form["y"] + 40, steps=15)
    page.mouse.move(middle + 10, form["y"] + 60, steps=5)
    page.mouse.up()
    saved(page)


def show_task(page: Page, name: str) -> None:
    """Select a task, and open what our vocabulary says of it."""
    page.locator(".djs-shape", has_text=name).first.click()
    page.locator(".bio-properties-panel-group-header", has_text="Obieg").click()


def test_a_process_is_drawn_reviewed_by_somebody_else_and_runs(log_in: LogIn) -> None:
    designer = log_in("marek")
    page = begin(designer, "Order pens")
    draw_one_task(page, "Choose pens")
    add_form(page, "What pens")
    page.get_by_role("link", name="order_pens.bpmn").click()
    opened(page)
    show_task(page, "Choose pens")
    page.get_by_label("Form", exact=True).select_option("what_pens")
    page.get_by_label("Add", exact=True).select_option("sales_rep")
    saved(page)
    expect(page.get_by_text("Nothing is wrong")).to_be_visible()
    page.get_by_role("button", name="Ask for review").click()
    page.get_by_label("What the reviewer should look at").fill("The form")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("in review")).to_be_visible()

    reviewer = log_in("admin")
    reviewer.go("/?show=groups")
    reviewer.page.get_by_role("link", name="Review project").first.click()
    expect(reviewer.page.get_by_role("heading", name="Order pens")).to_be_visible()
    reviewer.page.get_by_label("Publish it").check()
    reviewer.page.get_by_role("button", name="Complete task").click()
    expect(reviewer.page.get_by_role("heading", name="Inbox")).to_be_visible()

    employee = log_in("ewa")
    employee.go("/start")
    employee.page.get_by_role("region", name="Order pens").get_by_role("button", name="Start").click()
    expect(employee.page.get_by_label("Text field")).to_be_visible()


def test_what_is_wrong_is_told_beside_the_diagram_and_leads_to_its_element(log_in: LogIn) -> None:
    page = begin(log_in("marek"), "Broken")
    draw_one_task(page, "Do it")
    show_task(page, "Do it")

    page.get_by_label("Due after").fill("two days")

    expect(page.locator("[data-count]")).to_contain_text("1 error")
    page.locator(".djs-container svg").first.click(position={"x": 500, "y": 60})
    page.locator("[data-problems] button").click()
    expect(page.locator(".djs-shape.selected", has_text="Do it")).to_be_attached()


def test_who_is_second_chooses_between_both_contents_and_nothing_is_lost(log_in: LogIn) -> None:
    visitor = log_in("marek")
    first = begin(visitor, "Shared")
    second = visitor.context.new_page()
    second.goto(first.url)
    opened(second)
    draw_one_task(first, "First")

    visitor.expected.append("409")
    second.locator('[data-element-id="start"] .djs-hit').first.click()
    pad(second, "append.end-event").click()

    expect(second.get_by_text("saved it while you were changing it")).to_be_visible()
    second.get_by_role("button", name="Take theirs").click()
    expect(second.locator(".djs-shape", has_text="First")).to_be_attached()


def test_what_changed_since_the_deployed_version_is_marked_in_both_diagrams_and_scenarios_paint_where_they_were(
    log_in: LogIn,
) -> None:
    visitor = log_in("marek")
    page = visitor.go("/studio")
    visitor.expected.append("getPad is deprecated")
    page.get_by_label("From what is deployed").select_option(label="Leave request, version 1")
    page.get_by_role("button", name="Copy").click()
    opened(page)
    show_task(page, "Decide on")
    page.get_by_label("Due after").fill("P3D")
    saved(page)
    desk = page.url
    page.get_by_role("link", name="What changed").click()
    expect(page.locator("[data-changes][data-ready]")).to_be_attached()
    expect(page.get_by_role("button", name="Decide on leave")).to_contain_text("sla: P2D → P3D")
    expect(page.locator(".diagram .is-changed")).to_have_count(2)

    page.goto(desk)
    opened(page)
    page.get_by_role("button", name="File", exact=True).click()
    page.get_by_label("What it is", exact=True).select_option("scenario")
    page.get_by_label("What it is called").fill("Days")
    page.get_by_role("button", name="Add", exact=True).click()
    opened(page)
    page.get_by_role("link", name="leave_request.bpmn").click()
    opened(page)
    page.get_by_role("button", name="Play scenarios").click()

    expect(page.get_by_text("1 passed, 0 failed")).to_be_visible()
    expect(page.locator('.was-played[data-element-id="ask_for_leave"]')).to_be_attached()
    expect(page.locator('.was-missed[data-element-id="decide_leave"]')).to_be_attached()
