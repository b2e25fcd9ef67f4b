"""A served installation, a browser, and people who sit in front of it; what goes wrong in a page fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests import scratch
from tests.conftest import missing
from tests.e2e import browser as finder
from tests.e2e.world import PASSWORD, World, prepare
from tests.served import Served, serving

ROOT = Path(__file__).parents[2]
OFFERS = 24  # one for each walk that needs a fresh one
PATIENCE = 45_000  # milliseconds that a page may take on a busy machine
LogIn = Callable[..., "Visitor"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def installation() -> Iterator[tuple[World, Served]]:
    if not (ROOT / "webapp" / "static" / "dist" / "manifest.json").exists():
        missing("The front end", "it is not built; run: make frontend")
    folder = scratch.folder("obieg-e2e-")
    try:
        world = prepare(folder, offers=OFFERS)
        (folder / "scans").mkdir()
        with serving(folder, "serve", OBIEG_INTAKE_FOLDER=str(folder / "scans"), OBIEG_INTAKE_EVERY="1") as served:
            yield world, served
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def address(installation: tuple[World, Served]) -> str:
    return installation[1].address


@pytest.fixture(scope="package")
def data(installation: tuple[World, Served]) -> Path:
    """The folder that the installation keeps its data in."""
    return installation[0].data


@pytest.fixture(scope="package")
def drafts(installation: tuple[World, Served]) -> Iterator[str]:
    """Numbers of drafts; each test takes the next one."""
    return iter(installation[0].offers)


@pytest.fixture
def draft(drafts: Iterator[str]) -> str:
    return next(drafts)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    try:
        executable = finder.executable()
    except finder.NoBrowser as error:
        missing("A browser", str(error))
        raise
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(finder.FLAGS))
        yield browser
        browser.close()


class Visitor:
    """Somebody with a browser of their own; `troubles` collects what went wrong in their pages."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.troubles: list[str] = []
        self.expected: list[str] = []  # parts of troubles that the test brings about on purpose
        context.set_default_timeout(PATIENCE)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        self.page = context.new_page()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def log_in(self, name: str) -> Page:
        page = self.go("/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def unexpected(self) -> list[str]:
        return [each for each in self.troubles if not any(part in each for part in self.expected)]


@pytest.fixture
def log_in(chromium: Browser, address: str) -> Iterator[LogIn]:
    """Sit somebody down in front of a browser."""
    visitors: list[Visitor] = []

    def sit_down(name: str | None, *, width: int = 1440, height: int = 900) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", timezone_id="Europe/Warsaw"
        )
        visitor = Visitor(context, address)
        visitors.append(visitor)
        if name is not None:
            visitor.log_in(name)
        return visitor

    yield sit_down
    troubles = [trouble for visitor in visitors for trouble in visitor.unexpected()]
    for visitor in visitors:
        try:
            visitor.context.close()
        except Error as error:
            troubles.append(f"closing: {error}")
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="package")
def request_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A customer's request as a PDF that a viewer can show."""
    import typst

    path = tmp_path_factory.mktemp("papers") / "request.pdf"
    path.write_bytes(bytes(typst.compile(b"= Request for an offer\nPlease quote for the attached list.")))
    return path
