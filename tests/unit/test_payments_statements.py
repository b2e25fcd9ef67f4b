"""Bank statements: what is read of MT940 and CAMT.053, and what is refused."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from crm.payments.errors import StatementInconsistent, StatementRefused
from crm.payments.matching import candidates
from crm.payments.statements import account_number, read_statements
from tests.bank_files import MILL, OURS, Line, camt, mt940

PAID = Line("246.00", "zapłata za INV/2026/0001 dziękujemy bardzo")


@pytest.mark.parametrize("content", [mt940(PAID), camt(PAID), camt(PAID, version="02")])
def test_both_formats_say_the_same(content: bytes) -> None:
    (statement,) = read_statements(content)

    (entry,) = statement.entries
    assert (statement.account, statement.currency) == (OURS, "PLN")
    assert (statement.opening, statement.closing) == (Decimal(1000), Decimal(1246))
    assert (entry.amount, entry.booked_on, entry.payer_account) == (Decimal(246), date(2026, 1, 6), MILL)
    assert entry.payer_name == "MŁYN SP Z O O"
    assert "INV20260001" in candidates(entry.reference)


def test_equal_entries_are_two_and_the_same_entry_in_another_statement_is_one() -> None:
    (day,) = read_statements(mt940(PAID, PAID))
    (month,) = read_statements(mt940(Line("5", "inna"), PAID, PAID, number="00013/001"))

    assert len(set(day.keys())) == 2
    assert set(day.keys()) < set(month.keys())
    assert day.key != month.key


def test_several_statements_of_one_file_are_read() -> None:
    found = read_statements(mt940(PAID) + mt940(PAID, number="00013/001"))

    assert [each.number for each in found] == ["00012/001", "00013/001"]


def test_dun_04_a_reversal_takes() -> None:
    for content in (mt940(Line("-246.00", is_reversal=True)), camt(Line("-246.00", is_reversal=True))):
        (entry,) = read_statements(content)[0].entries

        assert (entry.amount, entry.is_reversal) == (Decimal(-246), True)


def test_a_statement_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(StatementInconsistent, match="does not add up"):
        read_statements(mt940(PAID, closing="1300.00"))


HOSTILE = [
    b"",
    b"hello",
    b"/etc/passwd",
    b"<a>",
    b"<a/>",
    b"\x00\xff" * 50,
    b":20:\n:61:garbage\n:62F:garbage",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document>&e;</Document>',
    camt(PAID).replace(b"246.00", b"NaN"),
    camt(PAID).replace(b"246.00", b"1e400"),
    camt(PAID).replace(b"2026-01-06", b"yesterday"),
    mt940(PAID).replace(b":61:260106", b":61:269906"),
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_statement_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises((StatementRefused, StatementInconsistent), match=r"Ask the bank|get the file again"):
        read_statements(content)


def test_a_text_that_names_a_file_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / ":20:x:61:"
    path.write_bytes(mt940(PAID))

    with pytest.raises(StatementRefused):
        read_statements(str(path).encode())


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("zaplata INV/2026/0001", "INV20260001"),
        ("INV-2026-0001ZAPLATA", "INV20260001"),
        ("f-ra FV 12/03/2026 oraz inne", "FV12032026"),
        ("12/2026", "122026"),
    ],
)
def test_a_number_is_found_however_it_is_glued(said: str, number: str) -> None:
    assert number in candidates(said)


def test_a_row_of_digits_is_never_torn_apart() -> None:
    assert "INV20260001" not in candidates("INV/2026/00012")
    assert "20260001" not in candidates("120260001")


def test_a_domestic_account_number_gets_its_country() -> None:
    assert account_number("27 1140 2004 0000 3002 0135 5387") == MILL
