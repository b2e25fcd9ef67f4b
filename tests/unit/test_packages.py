"""Binding documents into one PDF, without a database."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from core.errors import InvalidInput
from documents.packages import approving, binding
from documents.packages.drawing import ROWS
from tests.signing_people import paper
from tests.template_samples import letter

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def bind(folder: Path, *parts: tuple[str, bytes, str], **more: Any) -> tuple[dict[str, Any], PdfReader]:
    for number, (_, content, _) in enumerate(parts):
        (folder / str(number)).write_bytes(content)
    order = {
        "title": "Oferta: Zażółć gęślą jaźń",
        "company": "Wisła Pompy SA",
        "author": "Ewa Kowalska",
        "made": "5 January 2026",
        "language": "pl",
        "at": "2026-01-05T07:00:00+00:00",
        "stamps": True,
        "attach": True,
        "parts": [
            {
                "title": title,
                "n": 1,
                "digest": hashlib.sha256(content).hexdigest(),
                "media_type": kind,
                "file_name": f"{title}.bin",
                "file": str(number),
            }
            for number, (title, content, kind) in enumerate(parts)
        ],
    }
    done = binding.run(order | more, folder)
    return done, PdfReader(folder / "out.pdf")


def texts(folder: Path) -> list[str]:
    pages = pypdfium2.PdfDocument(folder / "out.pdf")
    try:
        return [page.get_textpage().get_text_bounded() for page in pages]
    finally:
        pages.close()


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(made, "PNG")
    return made.getvalue()


def test_pages_follow_cover_and_contents_and_say_where_they_are_from(tmp_path: Path) -> None:
    done, _ = bind(
        tmp_path,
        ("Umowa", paper("Umowa", 2), PDF),
        ("List", letter("Szanowni Państwo"), WORD),
        ("Zdjęcie", picture(), "image/png"),
        ("Notatka", "Zażółć\ngęślą".encode(), "text/plain"),
        ("Arkusz", b"PK", "application/zip"),
    )

    assert [(each["first_page"], each["pages"]) for each in done["parts"]] == [
        (3, 2),
        (5, 1),
        (6, 1),
        (7, 1),
        (None, 0),
    ]
    shown = texts(tmp_path)
    assert "Zażółć gęślą jaźń" in shown[0]
    assert "5 documents, 7 pages" in shown[0]
    assert "1. Umowa" in " ".join(shown[1].split())
    assert "attached" in shown[1]
    assert "Umowa, page 1 of 2" in shown[2]
    assert "1. Umowa · version 1" in shown[2]
    assert "3 / 7" in shown[2]
    assert "Szanowni Państwo" in shown[4]
    assert "gęślą" in shown[6]


def test_contents_lead_to_their_pages_and_bookmarks_too(tmp_path: Path) -> None:
    _, made = bind(tmp_path, ("Umowa", paper(pages=2), PDF), ("Aneks", paper(), PDF))

    links = [each.get_object() for each in made.pages[1]["/Annots"]]  # type: ignore[attr-defined]
    targets = [made.get_page_number(each["/Dest"][0].get_object()) if "/Dest" in each else each for each in links]
    assert [_page(made, each) for each in links] == [2, 4], targets
    assert [(each["/Title"], made.get_destination_page_number(each)) for each in made.outline] == [  # type: ignore[arg-type,call-overload,index]
        ("Umowa", 2),
        ("Aneks", 4),
    ]


def _page(made: PdfReader, link: Any) -> int | None:
    target = link["/Dest"][0] if "/Dest" in link else link["/A"]["/D"][0]
    return (
        made.get_page_number(target.get_object())
        if hasattr(target, "get_object") and not isinstance(target, int)
        else int(target)
    )


def test_originals_are_attached_as_they_were(tmp_path: Path) -> None:
    content = paper()

    _, made = bind(tmp_path, ("Umowa", content, PDF))

    assert made.attachments["01 Umowa.bin"] == [content]


def test_contents_of_many_documents_take_several_pages(tmp_path: Path) -> None:
    content = paper()

    done, _ = bind(tmp_path, *((f"Teczka {number}", content, PDF) for number in range(ROWS + 1)), attach=False)

    assert done["parts"][0]["first_page"] == 4
    assert f"Teczka {ROWS}" in texts(tmp_path)[2]


def encrypted() -> bytes:
    writer = PdfWriter(io.BytesIO(paper()))
    writer.encrypt("tajne")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        (encrypted(), PDF, "encrypted"),
        (b"%PDF-1.7\n nothing more", PDF, "broken"),
        (paper()[:400], PDF, "broken"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "picture is broken"),
        (b"PK\x03\x04", WORD, "no Word document"),
    ],
    ids=["encrypted", "empty", "cut off", "picture", "word"],
)
def test_what_cannot_be_bound_is_refused_by_name(tmp_path: Path, content: bytes, kind: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=f"“Aneks”, version 1: .*{why}"):
        bind(tmp_path, ("Umowa", paper(), PDF), ("Aneks", content, kind))


def test_nothing_that_runs_comes_along(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paper()))
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x()")})
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})
    writer.root_object[NameObject("/OpenAction")] = script
    made = io.BytesIO()
    writer.write(made)

    bind(tmp_path, ("Umowa", made.getvalue(), PDF), attach=False)

    assert b"/JavaScript" not in (tmp_path / "out.pdf").read_bytes()


def test_a_turned_page_has_its_stamp_where_it_is_read(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(paper()))
    writer.pages[0].rotate(90)
    made = io.BytesIO()
    writer.write(made)

    bind(tmp_path, ("Umowa", made.getvalue(), PDF))

    pdf = pypdfium2.PdfDocument(tmp_path / "out.pdf")
    assert pdf[2].get_width() > pdf[2].get_height()
    assert "3 / 3" in pdf[2].get_textpage().get_text_bounded()
    pdf.close()


def test_a_page_of_approvals_follows_a_copy_of_the_version(tmp_path: Path) -> None:
    content = paper("Umowa", 2)
    (tmp_path / "0").write_bytes(content)
    decision = {
        "who": "Jan Lis",
        "at": "5 January 2026",
        "step": "Approve",
        "outcome": "approved",
        "comment": "#danger $x$",
        "version": "version 1, abcdef…",
    }
    page = {
        "title": "Approvals",
        "company": "W",
        "made": "m",
        "facts": [["Title", "U"]],
        "decisions": [decision],
        "note": "n",
    }
    part = {"title": "Umowa", "n": 1, "media_type": PDF, "file_name": "umowa.pdf"}

    done = approving.run({"part": part, "page": page, "at": "2026-01-05T07:00:00+00:00", "language": "pl"}, tmp_path)

    assert done == {"copied": 2, "pages": 3}
    shown = texts(tmp_path)[2]
    assert "Jan Lis" in shown
    assert "#danger $x$" in shown
    assert PdfReader(tmp_path / "out.pdf").attachments["umowa.pdf"] == [content]
