"""Mass exports need a right, and auditors see who read otherwise than they usually do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from audit.erasing import ErasePersonalData
from audit.log import LogFilter, look
from audit.queries import Entry
from audit.reads.counting import CountReads
from audit.reads.exports import SetMassExport, TooManyRows
from audit.reads.looking import LookAtUnusualRead, UnusualRead, unusual_reads
from audit.sequencer import sequence
from core.clock import FixedClock
from core.errors import Conflict, Forbidden, InvalidInput
from core.identity import SYSTEM, Actor
from core.ids import new_id
from crm.customers import CreateCustomer
from crm.imports.exporting import make_export
from crm.opening import CustomerOpened
from crm.profiles import Profile
from tests.audit_samples import AUDITOR
from tests.web import PASSWORD, Program, log_in, post
from webapp.bootstrap import Application
from webapp.reads import count_reads

EWA = Actor(id="ewa", name="Ewa Maj")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)  # ten o'clock in Warsaw
KNOWN = [new_id() for _ in range(80)]  # customers


class Reader:
    """Ewa, who opens customers; and what auditors see of it."""

    def __init__(self, application: Application, clock: FixedClock) -> None:
        self.application, self.clock = application, clock

    def opens(self, customers: list[str], *, day: int = 0, hour: int = 9, by: Actor = EWA) -> None:
        self.clock.advance(MONDAY + timedelta(days=day, hours=hour - 9) - self.clock.now())
        with self.application.units.begin(by) as unit:
            for each in customers:
                unit.emit(CustomerOpened(customer_id=each))
            unit.commit()

    def works(self, *, days: int, each_day: int = 10) -> None:
        """Two weeks and the like of her usual work."""
        for day in range(days):
            self.opens(KNOWN[:each_day], day=day)
        self.count()

    def count(self) -> None:
        sequence(self.application.database.engine)
        count_reads(self.application)

    def found(self, **options: bool) -> list[UnusualRead]:
        self.count()
        with self.application.units.reading(AUDITOR) as view:
            return list(unusual_reads(view, **options).items)

    def told(self, kind: str) -> list[Entry]:
        sequence(self.application.database.engine)
        with self.application.units.reading(AUDITOR) as view:
            return list(look(view, LogFilter(kind=kind)).items)


@pytest.fixture
def reader(application: Application, clock: FixedClock) -> Reader:
    found = Reader(application, clock)
    found.count()  # what made the accounts
    return found


def summary(found: list[UnusualRead]) -> list[tuple[str, int, int]]:
    return sorted((each.reason, each.number, each.usual) for each in found)


def test_sec_01_much_more_than_usual_in_an_hour_is_found_and_told(reader: Reader) -> None:
    reader.works(days=12)

    reader.opens(KNOWN[:10] * 7, day=12)

    (found,) = reader.found()
    assert (found.account, found.kind, found.reason, found.number, found.usual) == ("ewa", "customers", "many", 70, 10)
    assert found.days == (0,) * 15 + (10,) * 12 + (70,)
    (entry,) = reader.told("audit.unusual_read_found")
    assert (entry.data["number"], entry.data["reason"]) == (70, "many")


def test_sec_01_what_somebody_always_does_is_not_unusual(reader: Reader) -> None:
    reader.works(days=12, each_day=40)

    reader.opens(KNOWN[:40] * 3, day=12)

    assert reader.found() == []


def test_sec_01_many_customers_that_one_never_opened_are_found(reader: Reader) -> None:
    for day in range(12):
        reader.opens(KNOWN[:10] * 3, day=day)
    reader.count()

    reader.opens(KNOWN[20:80], day=12)

    assert summary(reader.found()) == [("firsts", 60, 10)]


def test_sec_01_reading_at_an_hour_of_no_work_is_found_once_the_days_are_known(reader: Reader) -> None:
    reader.opens(KNOWN[:6], hour=1)
    assert reader.found() == []
    for day in range(1, 12):
        reader.opens(KNOWN[:6], day=day)
    reader.count()

    reader.opens(KNOWN[:6], day=35, hour=2)
    reader.opens(KNOWN[:6], day=36, hour=10)

    assert reader.found() == []  # the days of work are more than four weeks ago: nothing is known of her any more


def test_sec_01_a_night_after_two_weeks_of_days_is_found(reader: Reader) -> None:
    reader.works(days=12)

    reader.opens(KNOWN[:6], day=12, hour=1)
    reader.opens(KNOWN[:6], day=12, hour=10)

    assert summary(reader.found()) == [("hour", 6, 0)]


def test_sec_01_each_read_is_counted_once_however_it_is_cut(reader: Reader) -> None:
    reader.works(days=3)
    for _ in range(3):  # within one hour
        reader.opens(KNOWN[:10] * 2, day=3)
        sequence(reader.application.database.engine)
        while reader.application.executor.execute(CountReads(limit=7), actor=SYSTEM):
            pass

    assert summary(reader.found()) == [("many", 60, 10)]
    assert len(reader.told("audit.unusual_read_found")) == 1


def test_sec_01_an_auditor_looks_at_it_with_a_reason_and_nobody_at_their_own(reader: Reader) -> None:
    reader.opens(KNOWN[:10] * 6)
    reader.opens(KNOWN[:10] * 6, by=AUDITOR)
    own, hers = (each.id for each in sorted(reader.found(), key=lambda each: each.account))
    do = reader.application.executor.execute

    with pytest.raises(InvalidInput, match="10 to 1000"):
        do(LookAtUnusualRead(unusual_id=hers, remark=" fine "), actor=AUDITOR)
    with pytest.raises(Forbidden):
        do(LookAtUnusualRead(unusual_id=hers, remark="I was told to do it"), actor=EWA)
    with pytest.raises(Conflict, match="another auditor"):
        do(LookAtUnusualRead(unusual_id=own, remark="I was told to do it"), actor=AUDITOR)
    do(LookAtUnusualRead(unusual_id=hers, remark="Stock-taking, agreed with sales"), actor=AUDITOR)
    with pytest.raises(Conflict, match="before you"):
        do(LookAtUnusualRead(unusual_id=hers, remark="I looked at it as well"), actor=AUDITOR)

    assert [each.id for each in reader.found()] == [own]
    assert [each.remark for each in reader.found(are_open=False)] == ["Stock-taking, agreed with sales"]
    (entry,) = reader.told("audit.unusual_read_looked_at")
    assert (entry.actor_id, entry.data["remark"]) == ("auditor", "Stock-taking, agreed with sales")
    do(ErasePersonalData(subject=f"account:{EWA.id}", reason="left the firm"), actor=SYSTEM)
    assert [each.remark for each in reader.found(are_open=False)] == [None]


def test_sec_01_the_page_tells_it_in_words_with_a_way_to_the_log(
    reader: Reader, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("ewa", "sales_rep", display_name="Ewa Maj")
    add_account("adam", "auditor", password=PASSWORD)
    reader.works(days=12)
    reader.opens(KNOWN[:10] * 7, day=12)
    (found,) = reader.found()
    browser: FlaskClient = app.test_client()
    log_in(browser, name="adam")

    page = browser.get("/unusual-reads").text

    assert "Ewa Maj read very many customers" in page
    assert "70 on 14.03.2026 between 10:00 and 11:00; the busiest hour of the four weeks before had 10." in page
    link = "/audit?actor=ewa&amp;kind=customer.opened&amp;since=2026-03-14&amp;until=2026-03-14"
    assert link in page
    assert "Customer opened" in browser.get(link.replace("&amp;", "&")).text
    short = post(browser, f"/unusual-reads/{found.id}", remark="ok")
    assert (short.status_code, "Say what came of it" in short.text) == (422, True)
    assert post(browser, f"/unusual-reads/{found.id}", remark="Agreed with her manager").status_code == 302
    assert "Agreed with her manager" in browser.get("/unusual-reads?show=looked").text
    assert "Nothing unusual" in browser.get("/unusual-reads").text


def test_sec_01_who_opens_a_customer_stands_in_the_log(
    reader: Reader, application: Application, program: Callable[..., Program], app: Flask
) -> None:
    ewa = program("ewa", "sales_rep")
    mill = application.executor.execute(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM).id

    assert ewa.get(f"/customers/{mill}").status_code == 200
    assert ewa.get("/customers/404").status_code == 404

    assert [(each.actor_id, each.data) for each in reader.told("customer.opened")] == [("ewa", {"customer_id": mill})]


def test_sec_01_a_file_with_very_many_rows_needs_a_right_of_its_own_and_is_told(
    reader: Reader, application: Application, program: Callable[..., Program]
) -> None:
    root = Actor(id="root", name="Root", permissions=frozenset({"account.administer"}))
    application.executor.execute(SetMassExport(rows=2), actor=root)
    ewa, head = program("ewa", "sales_rep"), program("head", "sales_director")
    for name in ("A", "B", "C"):
        application.executor.execute(CreateCustomer(profile=Profile(name=name, country="PL")), actor=SYSTEM)

    def fetched(who: Program, wanted: dict[str, object]) -> tuple[int, str | None]:
        made = who.post("/exports", json={"kind": "customers", "wanted": wanted}).json["id"]
        make_export(application, {"export_id": made})
        answer = who.get(f"/exports/{made}/content")
        return answer.status_code, None if answer.status_code == 200 else answer.json["code"]

    few = {"criteria": {"conditions": [{"field": "name", "value": "A"}]}}
    assert fetched(ewa, {}) == (403, "too_many_rows")
    assert fetched(ewa, few) == (200, None)
    assert fetched(head, {}) == (200, None)

    given = [(each.actor_id, each.data["rows"], each.data["filter"]) for each in reader.told("audit.data_given_out")]
    assert [(who, rows, bool(wanted)) for who, rows, wanted in given] == [("head", 3, False), ("ewa", 1, True)]
    (changed,) = reader.told("audit.mass_export_set")
    assert (changed.actor_id, changed.data) == ("root", {"rows": 2, "before": 1000})


def test_sec_01_only_administrators_say_where_mass_exports_begin(
    application: Application, app: Flask, add_account: Callable[..., str]
) -> None:
    with pytest.raises(Forbidden):
        application.executor.execute(SetMassExport(rows=10**6), actor=EWA)
    add_account("root", "admin", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="root")

    wrong = post(browser, "/people/mass-exports", rows="-5")
    right = post(browser, "/people/mass-exports", rows="250")

    assert (wrong.status_code, "Write a number of rows" in wrong.text) == (422, True)
    assert right.status_code == 302
    assert 'name="rows" value="250"' in browser.get("/people").text
    assert TooManyRows.code == "too_many_rows"
