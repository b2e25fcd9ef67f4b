"""Files come in: looked at before, in batches, once, with a reason for what does not."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.activities.models import ActivityRow
from crm.contacts import CreateContact
from crm.custom_fields import DefineField
from crm.customers import CreateCustomer, UpdateCustomer
from crm.duplicate_models import DuplicatePairRow
from crm.imports import working
from crm.imports.arranging import import_row, imports, lines, mappings, one_import, rejected_csv
from crm.imports.batches import ArrangeImport, ResumeImport, SaveMapping, StartImport, StopImport
from crm.imports.errors import ImportNotFound, WrongImportState
from crm.imports.undoing import RecordUse, UndoImport
from crm.imports.working import BATCH, head_of, preview, run_import
from crm.models import ContactRow, CustomerRow, ProductRow
from crm.profiles import Profile
from crm.queries import customer
from tests.crm_desk import MANAGER, REP, STRANGER
from tests.import_files import ImportDesk, open_import_desk
from tests.msg_files import contact_file

FIRMS = """Kod;Nazwa;NIP;Ulica;Kod pocztowy;Miasto;Telefon;E-mail;Limit kredytowy;Branża
A1;Zakład Łąka;5260250274;Prosta 1;00-001;Łódź;22 123 45 67;biuro@laka.pl;10 000,50;
A2;Piekarnia Gęś;1111111112;Krzywa 2;00-002;Kraków;22 765 43 21;gęś;;
A3;Młyn Świt;;Polna 3;00-003;Świdnik;601 100 200;biuro@swit.pl;;
"""


@pytest.fixture
def desk(engine: Engine) -> ImportDesk:
    return open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))


def outcomes(desk: ImportDesk, made: str) -> list[tuple[int, str]]:
    return [(each.line, each.outcome) for each in desk.desk.ask(lines, made).items]


def counted(desk: ImportDesk, table: type[Any] = CustomerRow) -> int:
    with desk.units.reading(REP) as view:
        return int(view.session.scalar(select(func.count()).select_from(table)))


def test_imp_02_a_preview_says_what_would_happen_and_changes_nothing(desk: ImportDesk) -> None:
    desk.desk.make_customer(name="Zakład Łąka", external_reference="A1")
    made = desk.draft("customers", FIRMS.encode("cp1250"))

    with desk.units.reading(REP) as view:
        row = import_row(view, made)
    found = preview(desk.units, row, REP)

    assert [each.outcome for each in found] == ["updated", "rejected", "created"]
    assert found[1].sentence is not None
    assert found[0].changes == ["addresses", "credit_limit", "emails", "phones", "tax_id"]
    assert counted(desk) == 1
    assert desk.desk.told() == ["customer.created"]


def test_imp_02_customers_come_in_and_what_is_wrong_is_told(desk: ImportDesk) -> None:
    made = desk.bring("customers", FIRMS.encode("cp1250"))

    assert outcomes(desk, made) == [(2, "created"), (3, "rejected"), (4, "created")]
    found = desk.desk.ask(customer, "A1")
    assert found.profile.addresses[0].city == "Łódź"
    assert (found.profile.tax_id, found.profile.credit_limit) == ("5260250274", Decimal("10000.50"))
    assert found.dialled == ["+48221234567"]
    assert desk.desk.told() == ["import.started", "customer.created", "customer.created", "import.finished"]
    view = desk.desk.ask(one_import, made)
    assert (view.state, view.total, view.counts["created"], view.trouble) == ("finished", 3, 2, 1)


def test_imp_02_refused_rows_are_corrected_and_come_in_again(desk: ImportDesk) -> None:
    made = desk.bring("customers", FIRMS.encode())
    with desk.units.reading(REP) as view:
        head = head_of(desk.blobs, import_row(view, made))
        report = "".join(rejected_csv(view, made, head))

    corrected = report.replace("1111111112", "7740001454").replace("gęś;", "ges@ges.pl;")
    again = desk.bring("customers", corrected.encode())

    assert report.startswith("\ufeffline;why;Kod;Nazwa")
    assert report.splitlines()[1].startswith("3;"), report
    assert outcomes(desk, again) == [(2, "created")]
    assert counted(desk) == 3


def test_imp_02_the_same_file_again_changes_nothing(desk: ImportDesk) -> None:
    desk.bring("customers", FIRMS.encode())
    changed = FIRMS.replace("Polna 3", "Polna 5")

    again = desk.bring("customers", FIRMS.encode())
    third = desk.bring("customers", changed.encode())

    assert [each for _, each in outcomes(desk, again)] == ["unchanged", "rejected", "unchanged"]
    assert [each for _, each in outcomes(desk, third)] == ["unchanged", "rejected", "updated"]
    assert desk.desk.ask(customer, "A3").profile.addresses[0].street == "Polna 5"
    assert counted(desk) == 2


def test_imp_02_what_looks_like_a_customer_is_left_out_or_shown_among_the_duplicates(desk: ImportDesk) -> None:
    desk.desk.make_customer(name="Zakład Łąka Sp. z o.o.", phones=())
    content = "Nazwa;Miasto;Ulica\nZaklad Laka;Łódź;Prosta 1\n".encode()

    left_out = desk.bring("customers", content)
    desk.bring("customers", content, skips_duplicates=False)

    (line,) = desk.desk.ask(lines, left_out).items
    assert (line.outcome, line.sentence) == (
        "duplicate",
        "Looks like Zakład Łąka Sp. z o.o. (C-000001): the same name.",
    )
    assert counted(desk) == 2
    assert counted(desk, DuplicatePairRow) == 1


def test_imp_02_rows_that_are_the_same_twice_in_a_file_are_told(desk: ImportDesk) -> None:
    content = "Kod;Nazwa\nA1;Młyn\nA1;Młyn drugi\n".encode()

    made = desk.bring("customers", content)

    second = desk.desk.ask(lines, made).items[1]
    assert (second.outcome, second.sentence) == (
        "rejected",
        "Line 2 of this file has the same number, tax number or e-mail.",
    )


def test_imp_02_a_file_tells_of_a_customer_once_however_far_apart_its_rows_are(desk: ImportDesk) -> None:
    between = "".join(f"B{number};Tartak {number}\n" for number in range(BATCH))

    made = desk.bring("customers", f"Kod;Nazwa\nA1;Młyn\n{between}A1;Młyn drugi\n".encode())

    (refused,) = desk.desk.ask(lines, made, outcome="rejected").items
    assert refused.sentence == "Line 2 of this file tells of the same customer."
    assert desk.desk.ask(customer, "A1").profile.name == "Młyn"


def test_imp_02_own_fields_and_lists_come_in(desk: ImportDesk) -> None:
    desk.desk.do(DefineField(entity="crm.customer", key="pallets", labels={"pl": "Palety"}, type="whole"))
    content = "Nazwa;Palety;Branża\nMłyn;12;nikt nie zna\nTartak;dwa;\nPiekarnia;7;Spożywcza\n".encode()

    made = desk.bring("customers", content)

    found = desk.desk.ask(lines, made).items
    assert (
        found[0].sentence
        == "Industry: the list industry has no value nikt nie zna. Choose another one, or have it added."
    )
    assert [each.sentence for each in found][1:] == ["Palety must be a number.", None]
    with desk.units.reading(REP) as view:
        (row,) = view.session.scalars(select(CustomerRow))
        assert (row.custom, row.industry) == ({"pallets": 7}, "food")


def test_imp_02_a_mapping_is_kept_under_a_name(desk: ImportDesk) -> None:
    made = desk.draft("customers", "x;y\nMłyn;Łódź\n".encode(), columns=["name", None], keys=[])

    desk.desk.do(SaveMapping(import_id=made, name="Stary program"))
    desk.desk.do(SaveMapping(import_id=made, name="Stary program"))

    (kept,) = desk.desk.ask(mappings, "customers")
    assert (kept.name, kept.arrangement.columns) == ("Stary program", ("name", None))


def test_an_import_without_a_name_is_not_started(desk: ImportDesk) -> None:
    made = desk.draft("customers", b"x;y\n1;2\n")

    with pytest.raises(Exception, match="which column holds the name"):
        desk.desk.do(StartImport(import_id=made))


def many(count: int) -> bytes:
    return (
        "Kod;Nazwa\n" + "".join(f"K{number};Firma {number:05d} {number * 7919:x}\n" for number in range(count))
    ).encode()


def test_imp_02_an_import_is_stopped_and_goes_on(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BATCH", 10)
    monkeypatch.setattr(working, "TURN", 2)
    made = desk.draft("customers", many(50))
    desk.desk.do(StartImport(import_id=made))
    run_import(desk, desk.jobs.waiting.pop(0).arguments)

    desk.desk.do(StopImport(import_id=made, reason="wrong file?"))
    desk.run()
    stopped = desk.desk.ask(one_import, made)
    desk.desk.do(ResumeImport(import_id=made, reason="right file"))
    desk.run()

    assert (stopped.state, stopped.done, stopped.reason) == ("stopped", 20, "wrong file?")
    assert desk.desk.ask(one_import, made).counts["created"] == 50 == counted(desk)
    with pytest.raises(WrongImportState):
        desk.desk.do(ResumeImport(import_id=made, reason="again"))


def test_imp_02_a_worker_that_dies_loses_and_doubles_nothing(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BATCH", 10)
    made = desk.draft("customers", many(40))
    desk.desk.do(StartImport(import_id=made))
    execute, count = desk.executor.execute, iter(range(100))

    def dying(command: Any, *, actor: Actor) -> Any:
        if next(count) == 2:
            raise KeyboardInterrupt
        return execute(command, actor=actor)

    monkeypatch.setattr(desk.executor, "execute", dying)
    (request,) = desk.jobs.waiting
    with pytest.raises(KeyboardInterrupt):
        run_import(desk, request.arguments)
    between = counted(desk)
    desk.run()

    assert between == 20
    assert counted(desk) == 40
    assert [each.position for each in desk.desk.ask(lines, made, limit=200).items] == list(range(1, 41))


def test_an_import_belongs_to_whoever_started_it(desk: ImportDesk) -> None:
    made = desk.draft("customers", many(1), MANAGER)
    other = Actor(id="ola", name="Ola", permissions=frozenset({"customer.edit", "customer.read"}))

    with pytest.raises(ImportNotFound):
        desk.desk.ask(one_import, made, actor=other)
    with pytest.raises(ImportNotFound):
        desk.desk.do(ArrangeImport(import_id=made, changes={}), other)
    with pytest.raises(Forbidden):
        desk.draft("customers", many(1), STRANGER)
    assert desk.desk.ask(imports, actor=other).items == []


def test_without_the_right_to_finance_no_limits_come_in(desk: ImportDesk) -> None:
    other = Actor(id="ola", name="Ola", permissions=frozenset({"customer.edit", "customer.read"}))
    made = desk.draft("customers", "Nazwa;Limit kredytowy\nMłyn;100\n".encode(), other)
    desk.desk.do(StartImport(import_id=made), other)

    desk.run()

    failed = desk.desk.ask(one_import, made, actor=other)
    assert (failed.state, failed.done) == ("failed", 0)
    assert failed.reason is not None
    assert "customer.finance" in failed.reason
    now = replace(other, permissions=other.permissions | {"customer.finance"})
    desk.desk.do(ResumeImport(import_id=made, reason="the right is there"), now)
    desk.run()
    assert desk.desk.ask(one_import, made, actor=now).state == "finished"


OUTLOOK = """"Tytuł","Imię","Drugie imię","Nazwisko","Firma","Stanowisko","Adres e-mail","Telefon komórkowy","Urodziny"
"dr","Zofia","","Łącka","Młyn","Prezes","zofia@mlyn.pl","601 100 200","31.05.1980"
"","Jan","","Kowalski","","","jan@kowalski.pl","","0.0.00"
"","Piotr","","Lis","Młyn","Kierowca","piotr@mlyn.pl","","0.0.00"
"""


def test_imp_01_people_of_outlook_come_in_with_their_firms(desk: ImportDesk) -> None:
    made = desk.bring("contacts", OUTLOOK.encode("cp1250"))
    again = desk.bring("contacts", OUTLOOK.encode("cp1250"))

    assert [each for _, each in outcomes(desk, made)] == ["created"] * 3
    assert [each for _, each in outcomes(desk, again)] == ["unchanged"] * 3
    with desk.units.reading(REP) as view:
        rows = view.session.execute(
            select(ContactRow.name, CustomerRow.name, ContactRow.mobile, ContactRow.birth_year)
            .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
            .order_by(ContactRow.name)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("Jan Kowalski", "Jan Kowalski", None, None),
        ("Piotr Lis", "Młyn", None, None),
        ("dr Zofia Łącka", "Młyn", "+48601100200", 1980),
    ]


def test_imp_01_cards_come_in(desk: ImportDesk) -> None:
    desk.desk.make_customer(name="Młyn")
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zofia Łącka\r\nORG:Młyn\r\nEMAIL:zofia@mlyn.pl\r\nEND:VCARD\r\n"

    made = desk.bring("contacts", card.encode())

    assert outcomes(desk, made) == [(1, "created")]
    assert counted(desk) == 1


def test_imp_01_contacts_that_outlook_saved_come_in(desk: ImportDesk) -> None:
    desk.desk.make_customer(name="Młyn Łódź")

    made = desk.bring("contacts", contact_file())
    again = desk.bring("contacts", contact_file())

    assert (outcomes(desk, made), outcomes(desk, again)) == ([(1, "created")], [(1, "unchanged")])
    assert counted(desk) == 1


def test_imp_02_products_come_in_and_are_updated_by_their_number(desk: ImportDesk) -> None:
    first = desk.bring("products", "Indeks;Nazwa;Cena netto;Stawka VAT\nP1;Pompa;1 234,50;23\nP2;Wał;abc;23\n".encode())
    second = desk.bring("products", b"Indeks;Cena netto\nP1;1300\n")

    assert [each for _, each in outcomes(desk, first)] == ["created", "rejected"]
    assert [each for _, each in outcomes(desk, second)] == ["updated"]
    with desk.units.reading(REP) as view:
        (row,) = view.session.scalars(select(ProductRow))
        assert (row.name, row.price) == ("Pompa", Decimal(1300))


def test_imp_02_activities_come_in_once(desk: ImportDesk) -> None:
    customer_id = desk.desk.make_customer(name="Młyn", external_reference="A1")
    desk.desk.do(CreateContact(customer_id=customer_id, name="Zofia Łącka"))
    content = (
        "id;Kod klienta;Osoba;Rodzaj;Temat;Data;Kierunek\n"
        "1;A1;Zofia Łącka;phone;Rozmowa;2026-01-02 10:00;incoming\n"
        "2;A9;;phone;Nikt;2026-01-02 10:00;incoming\n"
    ).encode()

    made = desk.bring("activities", content)
    again = desk.bring("activities", content)

    assert [each for _, each in outcomes(desk, made)] == ["created", "rejected"]
    assert [each for _, each in outcomes(desk, again)] == ["unchanged", "rejected"]
    with desk.units.reading(REP) as view:
        (row,) = view.session.scalars(select(ActivityRow))
        assert (row.customer_id, row.subject, row.held_from.hour) == (customer_id, "Rozmowa", 9)


class Linked:
    """Something outside names these records."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)

    def used(self, _unit: Any, _entity: str, ids: list[str]) -> set[str]:
        return self.ids & set(ids)


def test_imp_03_an_import_is_taken_back_where_nothing_else_has_touched_it(desk: ImportDesk) -> None:
    kept = desk.desk.make_customer(name="Tartak", external_reference="A9", needs="rano")
    content = "Kod;Nazwa;Potrzeby\nA1;Młyn;\nA2;Piekarnia;\nA3;Mleczarnia;\nA4;Browar;\nA9;Tartak;wieczorem\n".encode()
    made = desk.bring("customers", content)
    ids = {each.line: each.record_id for each in desk.desk.ask(lines, made).items}
    desk.desk.do(CreateContact(customer_id=str(ids[3]), name="Jan Lis"))
    desk.desk.do(UpdateCustomer(customer_id=str(ids[4]), changes={"needs": "szybko"}))
    desk.units.ports[RecordUse] = Linked(str(ids[5]))

    desk.desk.do(UndoImport(import_id=made, reason="wrong file"))
    desk.run()

    found = desk.desk.ask(one_import, made)
    assert (found.state, found.undone, found.kept) == ("undone", 2, 3)
    assert outcomes(desk, made) == [(2, "undone"), (3, "kept"), (4, "kept"), (5, "kept"), (6, "undone")]
    with desk.units.reading(REP) as view:
        names = set(view.session.scalars(select(CustomerRow.name)))
        assert names == {"Tartak", "Piekarnia", "Mleczarnia", "Browar"}
        assert view.session.get_one(CustomerRow, kept).needs == "rano"
    assert {"record.withdrawn", "import.undone"} <= set(desk.desk.told())


def test_imp_03_numbers_of_what_was_taken_back_are_not_given_again(desk: ImportDesk) -> None:
    desk.units.ports[RecordUse] = Linked()
    made = desk.bring("customers", many(3))
    desk.desk.do(UndoImport(import_id=made, reason="wrong file"))
    desk.run()

    created = desk.desk.do(CreateCustomer(profile=Profile(name="Młyn", country="PL")))

    assert created.number == "C-000004"
    assert counted(desk) == 1


def test_imp_03_products_and_people_are_as_they_were(desk: ImportDesk) -> None:
    desk.units.ports[RecordUse] = Linked()
    desk.bring("products", b"Indeks;Nazwa;Cena netto\nP1;Pompa;100\n")
    desk.bring("contacts", OUTLOOK.encode())
    products = desk.bring("products", b"Indeks;Cena netto\nP1;120\n")
    people = desk.bring("contacts", OUTLOOK.replace("Prezes", "Dyrektor").encode())

    for each in (products, people):
        desk.desk.do(UndoImport(import_id=each, reason="wrong file"))
    desk.run()

    with desk.units.reading(REP) as view:
        assert list(view.session.scalars(select(ProductRow.price))) == [Decimal(100)]
        assert "Prezes" in set(view.session.scalars(select(ContactRow.job_title)))
