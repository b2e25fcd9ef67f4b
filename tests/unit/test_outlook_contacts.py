"""Contacts that Outlook saved, one by one or packed together."""

from __future__ import annotations

import io
import zipfile

import pytest

from crm.imports.errors import FileUnreadable
from crm.imports.outlook_contacts import contact_rows
from crm.imports.vcards import COLUMNS
from crm.imports.working import look_at
from tests.msg_files import Outlook, contact_file


def read(content: bytes) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row.cells, strict=True)) for row in contact_rows(io.BytesIO(content))]


@pytest.mark.parametrize("page", [None, 1250])
def test_imp_01_a_contact_of_outlook_is_read(page: int | None) -> None:
    (found,) = read(contact_file(page=page))

    assert {name: value for name, value in found.items() if value} == {
        "name": "Zofia Łącka",
        "company": "Młyn Łódź",
        "job_title": "prezes",
        "phone": "+48 22 123 45 67",
        "mobile": "+48 601 100 200",
        "email": "zofia@mlyn.example",
        "birthday": "1980-05-31",
        "customer.street": "Młyńska 1",
        "customer.city": "Łódź",
        "customer.postal_code": "90-001",
        "customer.country": "Polska",
        "customer.website": "https://mlyn.example",
    }


def test_imp_01_two_hundred_of_them_come_in_one_archive() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as pack:
        pack.writestr("readme.txt", "x")
        for n in range(200):
            pack.writestr(f"Kontakt {n}.msg", contact_file(**{"3001": f"Osoba {n}"}))

    looked = look_at(io.BytesIO(packed.getvalue()), "contacts")

    assert (looked.total, looked.arrangement.format) == (200, "outlook")
    assert [each["name"] for each in read(packed.getvalue())] == [f"Osoba {n}" for n in range(200)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (contact_file(kind="IPM.Note"), "is no contact"),
        (Outlook().content(), "is no contact"),
        (contact_file()[:700], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (b"PK\x03\x04 nothing", "The ZIP cannot be read"),
    ],
)
def test_what_is_no_contact_of_outlook_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(FileUnreadable, match=sentence):
        read(content)
