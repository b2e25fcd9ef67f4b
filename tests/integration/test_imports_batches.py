"""Many rows of a file take hardly more statements than a few."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from core.clock import FixedClock
from crm.imports import arranging
from crm.queries import customer
from tests.import_files import ImportDesk, open_import_desk


@pytest.fixture
def desk(engine: Engine) -> ImportDesk:
    return open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))


def test_imp_02_many_people_and_calls_take_hardly_more_statements_than_a_few(desk: ImportDesk, engine: Engine) -> None:
    desk.bring("customers", ("Nazwa;E-mail\n" + "\n".join(f"{name(n)};{n}@firm.pl" for n in range(60))).encode())
    head = {"contacts": "Kod;Klient;Nazwa;E-mail", "activities": "Id;Klient;Osoba;Temat;Metoda;Data"}
    rows = {
        "contacts": [f"P{n};{name(n)};Osoba {n};o{n}@firm.pl" for n in range(60)],
        "activities": [f"A{n};{name(n)};Osoba {n};Rozmowa;phone;2026-01-05 10:00" for n in range(60)],
    }
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []

    for kind, lines_of in rows.items():
        for part in (lines_of[:6], lines_of[6:]):
            seen.clear()
            made = desk.bring(kind, "\n".join([head[kind], *part]).encode())
            counts.append(len(seen))
            assert {each.outcome for each in desk.desk.ask(arranging.lines, made).items} == {"created"}

    assert max(counts[1] - counts[0], counts[3] - counts[2]) < 20, counts


def test_imp_02_whatever_a_cell_has_in_it_is_what_the_customer_has(desk: ImportDesk) -> None:
    odd = 'Młyn\tpod\\N "Lipą"', "Prosta\n1\\t", "\\."
    quoted = ";".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in odd)

    made = desk.bring("customers", f"Kod;Nazwa;Ulica;Miasto\nA1;{quoted}\n".encode())

    profile = desk.desk.ask(customer, "A1").profile
    assert (profile.name, profile.addresses[0].street, profile.addresses[0].city) == odd
    assert [each.outcome for each in desk.desk.ask(arranging.lines, made).items] == ["created"]


TRADES = ["Młyn", "Tartak", "Browar", "Huta", "Cegielnia", "Apteka", "Stocznia", "Kopalnia"]


def name(number: int) -> str:
    """Sixty firms that do not look alike."""
    first, second = divmod(number, 8)
    return f"{TRADES[first]} {'abcdefgh'[second] * 9}"
