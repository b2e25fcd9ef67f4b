import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from documents.names import LONGEST, safe_file_name

NAMES = st.text(max_size=400) | st.text(alphabet="./\\ \x00\u202eaZ9ą:*con", max_size=300)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("oferta.pdf", "oferta.pdf"),
        ("Zażółć gęślą jaźń.docx", "Zażółć gęślą jaźń.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Anna\\umowa.pdf", "umowa.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b.pdf", "ab.pdf"),
        ("line\r\nbreak\t.txt", "line break.txt"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("con .tar.gz", "_con .tar.gz"),
        ("", "file"),
        ("...", "file"),
        (".pdf", "pdf"),
        ("raport 2026.01", "raport 2026.01"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("Z\u0301.pdf", "Ź.pdf"),
        ('what? "this": <1>.pdf', "what_ _this__ _1_.pdf"),
        ("full\uff0fwidth.pdf", "width.pdf"),
    ],
)
def test_a_name_keeps_what_is_safe(sent: str, kept: str) -> None:
    assert safe_file_name(sent) == kept


@given(NAMES)
@example("a." * 300)
@example("\ud800.pdf")
def test_whatever_is_sent_the_name_is_safe(sent: str) -> None:
    name = safe_file_name(sent)

    assert 0 < len(name) <= LONGEST
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name.strip(" .") == name
    assert name.encode()


@given(NAMES)
def test_a_safe_name_stays_as_it_is(sent: str) -> None:
    once = safe_file_name(sent)

    assert safe_file_name(once) == once
