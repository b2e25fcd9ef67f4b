"""Outlook's own messages become the same letters as those that travel."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

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
