"""Files are read as they were meant: encoding, delimiter, heads, values."""

import io
from datetime import date
from decimal import Decimal

import pytest

from crm.imports.errors import FileUnreadable
from crm.imports.fields import guess_columns
from crm.imports.reading import Form, guess, rows_of, safe, unsafe
from crm.imports.values import country, day, day_order, number
from crm.imports.vcards import COLUMNS, card_rows

POLISH = "Nazwa;Miasto;Uwagi\nZakład „Łąka” Sp. z o.o.;Łódź;źródło\nPiekarnia Gęś;Świdnik;część\n"
ROMANIAN = "Denumire,Oraş\nAlimentaţie Bucureşti,Iaşi\nCofetăria Mărăşti,Cluj-Napoca\nSă trăiţi,Timişoara\n"
RUSSIAN = "Название;Город\nООО «Ромашка»;Москва\nЗавод Ёлка;Тверь\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (POLISH, "utf-8"),
        (POLISH, "cp1250"),
        (POLISH.replace("„", '"').replace("”", '"'), "iso8859_2"),
        (ROMANIAN, "cp1250"),
        (ROMANIAN, "iso8859_2"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "utf-8"),
        (POLISH, "utf-16"),
        ("Nom;Ville\nCafé Frères;Besançon\nThéâtre;Nîmes\n", "cp1252"),
    ],
)
def test_imp_02_encoding_and_delimiter_are_detected(text: str, encoding: str) -> None:
    form = guess(io.BytesIO(text.encode(encoding)))

    rows = [row.cells for row in rows_of(io.BytesIO(text.encode(encoding)), form)]

    assert form.delimiter == ("," if "," in text.splitlines()[0] else ";")
    assert form.encoding == encoding or "\n".join(form.delimiter.join(row) for row in rows) == text.strip().replace(
        '"', ""
    )


def test_imp_02_a_mark_at_the_beginning_is_no_letter() -> None:
    content = POLISH.encode("utf-8-sig")

    first = next(rows_of(io.BytesIO(content), guess(io.BytesIO(content))))

    assert first.cells[0] == "Nazwa"


def test_lines_are_counted_as_the_file_has_them() -> None:
    content = b'name;note\nA;"two\nlines"\n\nB;one\n'

    rows = list(rows_of(io.BytesIO(content), Form(encoding="utf-8", delimiter=";")))

    assert [(row.line, row.cells[0]) for row in rows] == [(1, "name"), (2, "A"), (5, "B")]


@pytest.mark.parametrize(
    "content",
    [b"a" + b";" * 400 + b"\n", b'a;b\n"' + b"x" * 40_000 + b'"\n', b'a;b\n"' + b"x" * 200_000, b"\xff\xff;a\n"],
)
def test_hostile_files_are_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        list(rows_of(io.BytesIO(content), Form(encoding="utf-8", delimiter=";")))


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_exported_cells_are_no_formulas(cell: str) -> None:
    written = safe(cell)

    assert written == f"'{cell}"
    assert unsafe(written) == cell


@pytest.mark.parametrize("cell", ["+48 22 123 45 67", "-12,50", "Młyn", "'quoted'"])
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert unsafe(safe(cell)) == cell == safe(cell)


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        (("First Name", "Last Name", "Company", "E-mail Address"), ["first_name", "last_name", "company", "email"]),
        (("Imię", "Nazwisko", "Firma", "Adres e-mail"), ["first_name", "last_name", "company", "email"]),
        (("Prenume", "Nume", "Companie", "Adresă de e-mail"), ["first_name", "last_name", "company", "email"]),
        (("Имя", "Фамилия", "Организация", "Адрес эл. почты"), ["first_name", "last_name", "company", "email"]),
    ],
)
def test_imp_01_heads_of_outlook_are_known_in_four_languages(head: tuple[str, ...], columns: list[str]) -> None:
    assert guess_columns("contacts", head) == columns


def test_heads_of_customers_are_guessed() -> None:
    head = ("Kod", "Nazwa firmy", "NIP", "Kod pocztowy", "Miasto", "nieznane", "Nazwa")

    assert guess_columns("customers", head) == [
        "external_reference",
        "name",
        "tax_id",
        "postal_code",
        "city",
        None,
        None,
    ]


def test_a_code_beside_street_or_city_is_of_the_post_not_a_number_to_find_customers_by() -> None:
    names = guess_columns("customers", ("Nazwa", "Ulica", "Kod", "Miasto"))

    assert names == ["name", "street", "postal_code", "city"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 234,50", "1234.50"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("12", "12"), ("1'000.5", "1000.5")],
)
def test_numbers_are_read_as_they_are_written_here_and_there(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


def test_days_are_read_in_their_order() -> None:
    assert day("31.01.2026", "dmy") == day("2026-01-31", "mdy") == day("1/31/2026", "mdy") == date(2026, 1, 31)
    assert day("32.01.2026", "dmy") is None
    assert day_order(["1/31/2026"]) == "mdy"
    assert day_order(["31/1/2026"]) == "dmy"


def test_countries_are_known_by_their_names() -> None:
    assert [country(each) for each in ("pl", "Niemcy", "Germania", "Россия", "Atlantis")] == [
        "PL",
        "DE",
        "DE",
        "RU",
        None,
    ]


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C5=81=C4=85cka;Zo=
fia;;dr;
ORG:M\\;łyn;Dział
TEL;CELL:+48 601 100 200
TEL;WORK;FAX:+48 22 1
TEL;WORK;VOICE:22 123 45 67
EMAIL;INTERNET:zofia@mlyn.pl
BDAY:19800531
PHOTO;ENCODING=BASE64;TYPE=JPEG:/9j/
 4AAQ

END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Иван Петров
item1.ADR;TYPE="work,pref":;;ул. Мира 1;Москва;;101000;Россия
TEL;VALUE=uri;TYPE="voice,cell":tel:+7-495-123-45-67
EMAIL:ivan@example.ru
BDAY:--0415
UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1
NOTE:folded te
 xt
END:VCARD
"""


def test_imp_01_cards_of_every_version_are_read() -> None:
    first, second = (dict(zip(COLUMNS, row.cells, strict=True)) for row in card_rows(io.BytesIO(CARDS.encode())))

    assert first["name"] == "dr Zofia Łącka"
    assert (first["company"], first["mobile"], first["phone"]) == ("M;łyn", "+48 601 100 200", "22 123 45 67")
    assert (first["birthday"], first["photo"]) == ("1980-05-31", "/9j/4AAQ")
    assert (second["name"], second["birthday"], second["mobile"]) == ("Иван Петров", "--04-15", "+7-495-123-45-67")
    assert (second["customer.city"], second["customer.country"]) == ("Москва", "Россия")
    assert second["external_reference"] == "4fbe8971-0bc3-424c-9c26-36c3e1eff6b1"


def test_a_card_without_an_end_is_refused() -> None:
    with pytest.raises(FileUnreadable, match="line 2"):
        list(card_rows(io.BytesIO(b"\nBEGIN:VCARD\nFN:A\n")))
