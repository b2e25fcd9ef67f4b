"""An auditor opens the trail of a case after somebody with the database's password has changed an entry."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import text

from core.settings import Settings
from storage.engine import Database
from tests.e2e.conftest import LogIn
from tests.e2e.steps import start_approval

TAMPER = """UPDATE audit_entry
SET content = convert_to(replace(convert_from(content, 'UTF8'), :written, :wanted), 'UTF8')
WHERE stream = :stream AND stream_seq = :seq"""


def test_the_page_names_the_entry_that_is_not_as_it_was_written(log_in: LogIn, draft: str, data: Path) -> None:
    representative = log_in("ewa").page
    start_approval(representative, draft)
    representative.get_by_role("link", name="Case", exact=True).click()
    representative.get_by_role("link", name="Trail").click()
    expect(representative.locator("#chain-holds")).to_be_visible()
    trail = representative.url
    stream = f"case:{trail.split('/')[-2]}"

    tamper(data, stream=stream, seq=2, written="Prepare offer", wanted="Approve offer")

    auditor = log_in("adam")
    page = auditor.go(trail.removeprefix(auditor.address))
    expect(page.locator("#chain-broken")).to_contain_text("The chain does not hold.")
    expect(page.locator("#chain-broken")).to_contain_text(f"{stream}, entry 2")
    expect(page.locator("#chain-holds")).to_have_count(0)
    broken = page.locator(".is-broken")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text("Not as it was written")
    expect(broken).to_contain_text(re.compile("Case, no. 2"))


def tamper(data: Path, **values: object) -> None:
    """Change the content of an entry as only the owner of the database can: with the triggers switched off."""
    database = Database.open(Settings(data=data))
    try:
        with database.engine.begin() as connection:
            connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
            changed = connection.execute(text(TAMPER), values)
            connection.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
        assert changed.rowcount == 1
    finally:
        database.close()
