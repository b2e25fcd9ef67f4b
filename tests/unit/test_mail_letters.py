"""Messages as they really come: encoded, nested, broken; each is read, or said to be unreadable."""

from __future__ import annotations

import random
from contextlib import suppress
from email.message import EmailMessage

import pytest

from documents.mail.letters import Unreadable, read_eml

PLAIN = (
    b"From: =?utf-8?q?Jan_Kowalski?= <Jan@Example.com>\r\nTo: case+01ABC@obieg.example, Anna <anna@example.org>\r\n"
    b"Subject: Offer\r\nMessage-ID: <one@example.com>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\n\r\nHello.\r\n"
)


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "jan@example.com", "Offer"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content("Hello.")
    return made


def test_what_a_message_says_of_itself() -> None:
    letter = read_eml(PLAIN)

    assert letter.sender == "Jan Kowalski <Jan@Example.com>"
    assert letter.recipients == ("case+01abc@obieg.example", "anna@example.org")
    assert (letter.message_id, letter.subject, letter.excerpt) == ("one@example.com", "Offer", "Hello.")
    assert letter.sent_at is not None
    assert letter.sent_at.isoformat() == "2026-01-05T09:00:00+00:00"


def test_what_it_answers_is_named_nearest_last() -> None:
    letter = read_eml(bytes(message(References="<a@x> <b@x>", In_Reply_To="<c@x>")))

    assert letter.references == ("a@x", "b@x", "c@x")


def test_files_hang_on_it_with_the_names_that_they_were_sent_with() -> None:
    sent = message()
    sent.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Zażółć.pdf")
    sent.add_attachment(b"x", maintype="application", subtype="octet-stream")

    files = read_eml(bytes(sent)).files

    assert [(each.name, each.content, each.role) for each in files] == [
        ("Zażółć.pdf", b"%PDF-1.7", "attachment"),
        ("attachment-2.bin", b"x", "attachment"),
    ]


def test_a_picture_in_the_text_is_told_from_an_attachment() -> None:
    sent = message()
    sent.add_alternative('<p>Hi <img src="cid:logo"></p>', subtype="html")
    html = sent.get_payload()[1]
    html.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo>")

    letter = read_eml(bytes(sent))

    assert [(each.name, each.role) for each in letter.files] == [("attachment-1.png", "inline")]
    assert letter.excerpt == "Hello."


def test_a_message_inside_is_a_file_named_after_its_subject() -> None:
    sent = message()
    inner = message()
    inner.replace_header("Subject", "Inner")
    sent.add_attachment(inner)

    files = read_eml(bytes(sent)).files

    assert [each.name for each in files] == ["Inner.eml"]
    assert read_eml(files[0].content).subject == "Inner"


def test_html_is_shown_as_text_without_its_scripts() -> None:
    letter = read_eml(
        PLAIN.replace(
            b"\r\n\r\nHello.", b"\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><p>A &lt;b&gt;<br>C"
        )
    )

    assert letter.excerpt == "A <b>\nC"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87", "Zażółć"),
        (b"Za\xbf\xf3\xb3\xe6", "Zażółć"),
        (b"=?utf-8?b?xbzDs8WC?=", "żół"),
        (b"=?no-such-charset?q?Offer?=", "Offer"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"two\r\n lines", "two lines"),
        (b"a\x00b\x1b[2J", "a b [2J"),
    ],
)
def test_subjects_as_they_really_come(raw: bytes, text: str) -> None:
    assert read_eml(PLAIN.replace(b"Subject: Offer", b"Subject: " + raw)).subject.startswith(text)


@pytest.mark.parametrize(
    "header",
    [
        b'From: "Unclosed <a@b>',
        b"From: [1,2]@@<<>>",
        b"Date: the day before yesterday",
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999",
        b"Message-ID: no brackets",
        b"Content-Type: multipart/mixed",
        b'Content-Type: multipart/mixed; boundary="',
        b'Content-Type: text/plain; charset="\x00"',
        b"Content-Transfer-Encoding: base64",
        b"Content-Type: message/rfc822",
        b"Content-Disposition: attachment; filename*=utf-8''%ff%fe",
        b"To: " + b"a@b," * 50_000,
    ],
)
def test_a_broken_header_is_no_reason_to_lose_a_message(header: bytes) -> None:
    letter = read_eml(header + b"\r\n" + PLAIN)

    assert letter.subject == "Offer"


def test_a_part_that_is_cut_off_is_told() -> None:
    cut = b'Content-Type: multipart/mixed; boundary="x"\r\n' + PLAIN + b"--x\r\nContent-Type: text/plain\r\n\r\nHalf"

    letter = read_eml(cut)

    assert letter.excerpt.endswith("Half")
    assert any("malformed" in each for each in letter.findings)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"just a text without headers\n" * 3])
def test_what_has_no_headers_is_no_message(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_eml(content)


def test_a_thousand_parts_are_not_a_thousand_documents() -> None:
    parts = b"--x\r\nContent-Disposition: attachment\r\n\r\n1\r\n" * 1000

    letter = read_eml(b'Content-Type: multipart/mixed; boundary="x"\r\n' + PLAIN + parts + b"--x--\r\n")

    assert len(letter.files) == 300
    assert any("more than 300 files" in each for each in letter.findings)


def test_messages_inside_messages_without_end_do_no_harm() -> None:
    deep = b"Content-Type: message/rfc822\r\n\r\n" * 5000 + PLAIN

    with suppress(Unreadable):
        assert len(read_eml(deep).files) <= 1


def test_the_same_message_by_two_ways_has_one_fingerprint() -> None:
    first = read_eml(b"Received: from a by b\r\n" + PLAIN)
    second = read_eml(b"Received: from c by d\r\nX-Spam: no\r\n" + PLAIN)
    other = read_eml(PLAIN.replace(b"Hello.", b"Pay to another account."))

    assert first.fingerprint == second.fingerprint
    assert other.fingerprint != first.fingerprint


def test_any_damage_is_read_or_refused_but_never_raises() -> None:
    sent = message(References="<a@x> <b@x>")
    sent.add_attachment(b"%PDF-1.7" * 50, maintype="application", subtype="pdf", filename="Zażółć.pdf")
    whole = bytes(sent)
    dice = random.Random(20260105)
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 40)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with suppress(Unreadable):
            read_eml(bytes(damaged))
