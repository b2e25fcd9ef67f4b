"""Files that would run something in a reader's browser run nothing there, wherever they are opened."""

from __future__ import annotations

import re
from contextlib import suppress
from uuid import uuid4

from playwright.sync_api import Error, expect

from tests import content_files as files
from tests.e2e.conftest import LogIn
from tests.e2e.steps import choose

SCRIPT = "alert(1);fetch('/healthz?ran')"
ACTION = "app.alert('1'); app.launchURL('http://127.0.0.1:9/healthz?ran', true);"
ESCAPED = re.sub(r"([()])", r"\\\1", ACTION)
PAGE = f'<!doctype html><title>page</title><body onload="{SCRIPT}"><script>{SCRIPT}</script><p>Umowa</p>'
DRAWING = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script><text>Umowa</text></svg>'
HOSTILE = {
    "script.pdf": files.raw_pdf(
        f"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS({ESCAPED})>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1/AA<</O<</S/JavaScript/JS(app.alert)>>>>>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/AA<</O<</S/JavaScript/JS(this.print)>>>>/Annots[<</Type/Annot"
        "/Subtype/Link/Rect[0 0 200 200]/A<</S/URI/URI(javascript:alert)>>>>]>>",
    ),
    "page.html": PAGE.encode(),
    "drawing.svg": DRAWING.encode(),
    "picture.gif": b"GIF89a/*" + PAGE.encode() + b"*/=1;",
    "notes.txt": b"\xef\xbb\xbf" + PAGE.encode(),
    "letter.eml": b"From: a@b.pl\r\nSubject: <script>alert(1)</script>\r\nContent-Type: text/html\r\n\r\n"
    + PAGE.encode(),
}


def test_what_would_run_in_a_browser_does_not_run(log_in: LogIn) -> None:
    visitor = log_in("ewa")
    page, ran = visitor.page, []
    visitor.expected += [
        "Content Security Policy",
        "Blocked script",
        "sandboxed",
        "Refused to",
        "violates",
        "favicon.ico",
    ]
    page.context.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.context.on("request", lambda request: ran.append(request.url) if "?ran" in request.url else None)

    for name, content in HOSTILE.items():
        visitor.go("/documents")
        choose(page, name, content + f"\n% <!-- {uuid4()} -->\n".encode())
        page.locator("#documents .doc-name", has_text=name.partition(".")[0]).first.click()
        expect(page.get_by_role("region", name="Preview")).to_be_visible()
        where = page.url
        if name.endswith(".pdf"):
            expect(page.locator(".pdfViewer .page canvas").first).to_be_visible()
            assert page.locator("a[href^='javascript']").count() == 0
        for part in ("content", "preview", "view"):
            with suppress(Error):  # a download begins instead
                page.goto(f"{where}/1/{part}")
                page.wait_for_load_state("load")

        assert ran == [], name
        assert re.search(r"/documents/\w{26}$", where)
