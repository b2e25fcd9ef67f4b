"""Takes a picture of every page at the width of a desk and of a phone: python tools/screenshots.py [folder] [name…].

Fills a temporary installation with sample data and cases in every state, serves it, and lets people walk through it.
Reports what a person would stumble over: pages wider than the screen, errors of scripts, refused styles.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, beside the packages

import typst
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from core.identity import SYSTEM
from core.settings import Settings
from crm.offer_queries import offers
from crm.samples import LoadSamples
from documents.filing import AddVersion, FileDocument
from documents.folders import SaveFolder
from documents.intake import Received, receive
from engine.definitions import DeployDefinitions, DeploymentFile
from processes import PACKAGES
from tests.e2e import browser
from tests.e2e.world import PASSWORD, actor, add_people
from tests.offer_case import OfferDesk
from tests.records_samples import fill_records
from tests.served import serving
from webapp.bootstrap import bring_up_to_date, build
from webapp.demo_types import define_types

WIDTHS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
EXPECTED = ("404 (NOT FOUND)", "410 (GONE)")  # the pages of what is not there, and of what was destroyed
CLAUSE = "§ {}. Strony współpracują w dobrej wierze i informują się o wszystkim, co dotyczy zamówień."
CONTRACT = "\n".join(
    ["Umowa ramowa", "", "§ 1. Termin płatności wynosi 14 dni.", *(CLAUSE.format(n) for n in range(2, 13)), ""]
)
REQUEST = "= Request for an offer\nPlease quote for the attached list by Friday.\n\n#lorem(160)"


def main(arguments: list[str]) -> int:
    """Take the pictures; returns how many troubles there were."""
    target = Path(arguments[0] if arguments else "screenshots")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="obieg-screenshots-") as folder:
        fill(Path(folder))
        with serving(Path(folder), "serve", OBIEG_COMPANY="Wisła Pompy SA") as served:
            troubles = Photographer(served.address, target, set(arguments[1:])).walk()
    for trouble in troubles:
        print(trouble)
    print(f"Pictures are in {target}; {len(troubles)} troubles.")
    return min(len(troubles), 1)


def fill(folder: Path) -> None:
    """Sample data, and approvals in every state."""
    application = build(Settings(data=folder), owner=True)
    try:
        bring_up_to_date(application, allowed=True)
        add_people(application)
        desk = OfferDesk(application)
        desk.do(LoadSamples(), actor("ewa"))
        define_types(set(), lambda order: desk.do(order, actor("admin")))
        _contract(desk)
        with application.units.reading(actor("ewa")) as view:
            drafts = [each.id for each in offers(view, state="draft").items]
        first, *others, _stays_a_draft = drafts
        desk.start(first, actor("ewa"))
        for draft in others:
            _prepare(desk, draft)
        _, *decided = desk.inbox(actor("jan"))  # one is left for the picture
        for task in decided:
            desk.complete(task.id, actor("jan"), decision="approve", remark="Fine at this volume.")
        deploy_packages(desk)
        fill_records(application)
    finally:
        application.close()


def _contract(desk: OfferDesk) -> None:
    """A contract in three versions, described and tagged, and a folder that finds it."""
    filing = FileDocument(
        title="Umowa ramowa – Wisła Pompy",
        type="framework_contract",
        blob=_store(desk, CONTRACT),
        file_name="umowa ramowa.txt",
        fields={"counterparty": "Wisła Pompy SA", "payment_days": 14, "signed_on": "2026-01-05"},
        tags=("handel", "umowy", "pilne"),
    )
    filed = desk.do(filing, actor("ewa"))
    amended = CONTRACT.replace("14 dni", "30 dni")
    penalty = "§ 13. Za opóźnienie należy się kara umowna 0,1 % wartości za każdy dzień."
    for reason, text in (("Aneks: termin płatności", amended), ("Kara umowna", f"{amended}{penalty}\n")):
        addition = AddVersion(
            document_id=filed.id, reason=reason, blob=_store(desk, text), file_name="umowa ramowa.txt"
        )
        desk.do(addition, actor("ewa"))
    wanted = {"type": "framework_contract"}
    desk.do(SaveFolder(name="Umowy do podpisu", filters=wanted, is_shared=True), actor("ewa"))


def _store(desk: OfferDesk, text: str) -> Received:
    here, content = desk.application, text.encode()
    source = io.BytesIO(content)
    return receive(source, announced=None, limit=len(content), store=here.blobs, announce=here.staging.announce)


def deploy_packages(desk: OfferDesk) -> None:
    """The other processes."""
    for package in PACKAGES:
        files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in package.files())
        desk.do(DeployDefinitions(files=files), SYSTEM)


def _prepare(desk: OfferDesk, offer_id: str) -> None:
    """Do the first task of an approval: what follows are approvers, or the end where nobody needs to be asked."""
    started = desk.start(offer_id, actor("ewa"))
    desk.attach(started.tasks[0].id, actor("ewa"), content=bytes(typst.compile(REQUEST.encode())))
    note = "The customer compares us with two other suppliers and wants an answer before Friday."
    desk.complete(started.tasks[0].id, actor("ewa"), payment_days=14, note=note)


class Photographer:
    """Walks through all pages and keeps pictures of them."""

    def __init__(self, address: str, target: Path, wanted: set[str]) -> None:
        self._address, self._target, self._wanted = address, target, wanted
        self._troubles: list[str] = []
        self._at = ""

    def walk(self) -> list[str]:
        """Take all pictures; returns what went wrong."""
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser.executable(), args=list(browser.FLAGS))
            for width, height in WIDTHS.items():
                for theme in THEMES:
                    context = chromium.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,
                        locale="en-GB",
                        timezone_id="Europe/Warsaw",
                    )
                    context.set_default_timeout(15_000)
                    context.on("console", self._heard)
                    context.on("weberror", lambda error: self._trouble(f"script: {error.error}"))
                    self._people(context.new_page(), f"{width}-{theme}")
                    context.close()
            chromium.close()
        return self._troubles

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.endswith(EXPECTED):
            self._trouble(message.text)

    def _trouble(self, what: str) -> None:
        self._troubles.append(f"{self._at}: {what}")

    def _people(self, page: Page, kind: str) -> None:
        for name in ("ewa", "jan", "adam", "admin"):
            page.context.clear_cookies()
            page.goto(f"{self._address}/login")
            if name == "ewa":
                self._picture(page, "login", kind)
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url(lambda url: "/login" not in url)
            for title, path in self._pages_of(name, page):
                self._at = f"{title} {kind}"
                if self._wanted and title not in self._wanted:
                    continue
                page.goto(path if path.startswith("http") else self._address + path)
                self._picture(page, title, kind)

    def _pages_of(self, name: str, page: Page) -> Iterator[tuple[str, str]]:
        match name:
            case "ewa":
                yield from (("inbox-rep", "/?show=groups"), ("start", "/start"), ("offers", "/offers"))
                yield from (("customers", "/customers"), ("documents", "/documents"), ("error", "/nothing-here"))
                yield from (("search", "/search?q=pomp*+OR+umowa"), ("search-refused", "/search?q=typ:umowa"))
                yield from (("inbox-done", "/tasks/done"), ("inbox-empty", "/?show=mine"))
                yield "task-prepare", self._first(page, "/?show=groups", "Prepare offer")
                yield "customer", self._first(page, "/customers")
                yield "offer", self._first(page, "/offers?state=in_approval")
                draft = self._first(page, "/offers?state=draft")
                yield "offer-draft", draft
                yield "offer-edit", f"{draft}/edit"
                yield "document", self._first(page, "/documents", selector="a.doc-name")
                contract = self._first(page, "/documents?tag=pilne", selector="a.doc-name")
                yield "document-contract", contract
                yield "document-comparison", f"{contract}/comparison?before=1&after=3"
                yield "document-pages", f"{contract}/comparison?before=1&after=3&show=pages"
                yield "documents-filtered", "/documents?type=framework_contract"
                yield "document-types", "/document-types"
                yield from (("templates", "/templates?kind=crm.offer"), ("letters", "/letters"), ("labels", "/labels"))
                yield "document-type", "/document-types/framework_contract"
            case "jan":
                yield "inbox", "/?show=groups"
                yield "task-approve", self._first(page, "/?show=groups", "Approve offer")
                yield "case", self._first(page, "/cases?state=running")
            case "adam":
                yield from (("cases", "/cases?state="), ("definitions", "/definitions"))
                yield "definition", self._first(page, "/definitions")
                done = self._first(page, "/cases?state=completed")
                yield "case-done", done
                yield "trail", f"{done}/trail"

            case "admin":
                yield from (("records", "/records"), ("records-holds", "/records/holds"))
                yield from (("records-rules", "/records/rules"), ("records-rule", "/records/rules/invoices"))
                yield "records-disposals", "/records/disposals"
                disposal = self._first(page, "/records/disposals", "-00001")
                yield "records-disposal", disposal
                yield "records-review", self._first(page, "/records/disposals", "-00002")
                yield "records-tombstone", self._first(page, disposal.removeprefix(self._address))
                yield "records-document", self._first(page, "/records/holds", "Document", selector="main td a")

    def _first(self, page: Page, path: str, text: str = "", *, selector: str = "main a.row-link, main a.plain") -> str:
        page.goto(self._address + path)
        link = page.locator(selector, has_text=text).first
        return self._address + str(link.get_attribute("href"))

    def _picture(self, page: Page, title: str, kind: str) -> None:
        self._at = f"{title} {kind}"
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(400)  # diagrams, forms and the PDF viewer draw after the network is quiet
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if too_wide > 0:
            self._trouble(f"{too_wide} px wider than the screen")
        page.screenshot(path=self._target / f"{title}-{kind}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
