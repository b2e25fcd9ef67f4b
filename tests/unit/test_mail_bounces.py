"""Reports about mail that could not be delivered."""

from __future__ import annotations

import pytest

from documents.mail.letters import read_eml

REPORT = b"""From: MAILER-DAEMON@mx.example
To: office@example.org
Subject: Undelivered Mail
Message-ID: <report@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Anna@Example.com
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; 550 5.1.1 no such
 person

--b
Content-Type: %(kind)s

Message-ID:
 <ours@example.org>
Subject: Oferta

--b--
"""


@pytest.mark.parametrize("kind", [b"message/rfc822", b"text/rfc822-headers"])
def test_a_report_names_the_message_the_recipient_and_the_reason(kind: bytes) -> None:
    found = read_eml(REPORT % {b"action": b"failed", b"status": b"5.1.1", b"kind": kind}).bounce

    assert found is not None
    assert (found.message_ids, found.recipient) == (("ours@example.org",), "anna@example.com")
    assert (found.action, found.status, found.reason) == ("failed", "5.1.1", "550 5.1.1 no such person")


def test_a_report_that_all_went_well_is_no_bounce() -> None:
    assert read_eml(REPORT % {b"action": b"delivered", b"status": b"2.0.0", b"kind": b"message/rfc822"}).bounce is None


@pytest.mark.parametrize("cut", [120, 230, 330, 420, 500, 560])
def test_a_report_that_is_cut_off_does_no_harm(cut: int) -> None:
    content = REPORT % {b"action": b"failed", b"status": b"5.1.1", b"kind": b"message/rfc822"}

    read_eml(content[:cut])


def test_an_ordinary_message_is_no_bounce() -> None:
    assert read_eml(b"From: a@b.example\nSubject: Status: 5.1.1\n\nAction: failed\n").bounce is None
