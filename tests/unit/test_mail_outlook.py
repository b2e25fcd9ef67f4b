"""Outlook's own messages become the same letters as those that travel."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from documents.mail import rich_text
from documents.mail.letters import Unreadable
from documents.mail.outlook import read_msg
from tests.msg_files import Outlook

SENT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def test_headers_text_and_attachments_are_read() -> None:
    message = Outlook(
        subject="Zażółć gęślą", sent=SENT, attachments=[("plan.pdf", b"%PDF-1.7" * 1000), ("a.txt", b"hi")]
    )

    letter = read_msg(message.content())

    assert (letter.subject, letter.message_id, letter.sent_at) == ("Zażółć gęślą", "one@example.com", SENT)
    assert letter.sender == '"Jan Kowalski" <jan@example.com>'
    assert letter.recipients == ("anna@example.org",)
    assert letter.excerpt == "Please see the attachment."
    assert [(each.name, each.content) for each in letter.files] == [("plan.pdf", b"%PDF-1.7" * 1000), ("a.txt", b"hi")]
    assert letter.findings == ()


def test_the_headers_that_it_travelled_with_win() -> None:
    headers = "From: Biuro <biuro@example.com>\r\nMessage-ID: <two@example.com>\r\nReferences: <zero@x>\r\n <one@x>\r\n"

    letter = read_msg(Outlook(headers=headers).content())

    assert (letter.sender, letter.message_id) == ("Biuro <biuro@example.com>", "two@example.com")
    assert letter.references == ("zero@x", "one@x")


def test_a_message_inside_becomes_a_message_as_it_travels() -> None:
    inner = Outlook(subject="Inner", body="Deep.", attachments=[("deep.txt", b"deep")])

    letter = read_msg(Outlook(attachments=[("inner", inner)]).content())

    assert [each.name for each in letter.files] == ["Inner.eml"]
    nested = message_from_bytes(letter.files[0].content)
    assert nested["Subject"] == "Inner"
    assert [part.get_filename() for part in nested.walk()][-1] == "deep.txt"


@pytest.mark.parametrize("content", [b"", b"hello", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_what_is_no_message_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_msg(content)


def test_damage_is_told_and_never_raises_anything_else() -> None:
    whole = Outlook(attachments=[("plan.pdf", b"x" * 5000)]).content()

    for at in range(0, len(whole), 97):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        with suppress(Unreadable):
            read_msg(damaged)


def packed(rtf: bytes) -> bytes:
    """Stored, which readers must take as well as compressed."""
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), rich_text.STORED, 0) + rtf


def test_compressed_rtf_is_unpacked_as_the_standard_shows() -> None:
    content = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )

    assert rich_text.unpacked(content) == rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n"


def test_a_message_of_rtf_alone_is_read_with_its_diacritics() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Arial CE;}}{\*\generator X;}"
        rb"\f1 za\'bf\'f3\'b3\'e6 \f0 caf\'e9\par \uc1\u322?\u243?d\u378? \{x\}}"
    )

    letter = read_msg(Outlook(body="", binaries={0x1009: packed(rtf)}).content())

    assert letter.excerpt == "zażółć café\nłódź {x}"


def test_a_message_of_html_alone_is_read() -> None:
    html = "<html><style>p {}</style><p>Zażółć</p><p>gęślą</p></html>".encode("cp1250")

    letter = read_msg(Outlook(body="", binaries={0x1013: html}, numbers={0x3FDE: 1250}).content())

    assert letter.excerpt.split() == ["Zażółć", "gęślą"]


def test_strings_of_old_outlook_are_in_the_code_page_of_the_message() -> None:
    old = Outlook(subject="Zażółć", sender=("Łukasz Żak", "l@example.pl"), attachments=[("gęś.txt", b"a")], page=1250)
    chinese = Outlook(subject="格式測試", page=950)

    letter = read_msg(old.content())

    assert (letter.subject, letter.sender) == ("Zażółć", '"Łukasz Żak" <l@example.pl>')
    assert [each.name for each in letter.files] == ["gęś.txt"]
    assert read_msg(chinese.content()).subject == "格式測試"


def test_encoded_words_are_read_and_addresses_of_exchange_are_none() -> None:
    letter = read_msg(Outlook(headers="From: =?iso-8859-2?Q?=A3ukasz?= <l@example.pl>\r\n").content())
    inside = read_msg(Outlook(sender=("Jan Kowalski", "/o=Firm/cn=Recipients/cn=jan")).content())

    assert letter.sender == "Łukasz <l@example.pl>"
    assert inside.sender == "Jan Kowalski"
