"""A summary of one's tasks by mail, on the morning of every working day, once, and only where somebody wants it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from tests.engine_world import bpmn, line
from tests.mailbox import Mailbox, client_context
from tests.web import Program
from webapp.accounts.people import CloseAccount, SetProfile
from webapp.background import make_worker
from webapp.bootstrap import Application
from webapp.inbox.digest import send_all
from webapp.operations.mailing import MailServer
from webapp.operations.smtp import SmtpServer

MONDAY, SUNDAY = "2026-05-11", "2026-05-10"
JOB = bpmn(line('<userTask id="check" name="Check it" camunda:candidateGroups="legal"/>', names=("check",)), key="job")


@pytest.fixture
def letters(application: Application) -> Iterator[list[Any]]:
    """What a real mail server takes."""
    box = Mailbox()
    server = box.serve()
    settings = Settings(
        mail_host="127.0.0.1", mail_port=server.port, mail_from="office@example.org", mail_security="none"
    )
    application.units.ports[MailServer] = SmtpServer(settings, context=client_context())
    application.settings = replace(application.settings, public_url="https://obieg.example")
    yield box.letters
    server.stop()


@pytest.fixture
def anna(program: Callable[..., Program], application: Application, clock: FixedClock) -> Program:
    """Anna has taken two tasks of three and wants the summary."""
    clock.set(at(SUNDAY, "12:00"))
    made = program("anna", "legal", "process_designer")
    application.executor.execute(
        SetProfile(name="anna", display_name="Anna Nowak", email="anna@example.com"), actor=SYSTEM
    )
    file = {"file": (io.BytesIO(JOB), "job.bpmn")}
    assert made.post("/definitions", data=file, content_type="multipart/form-data").status_code == 201
    tasks = [made.post("/instances", json={"definition_key": "job"}).json["tasks"][0]["id"] for _ in range(3)]
    for task in tasks[:2]:
        assert made.post(f"/tasks/{task}/claim").status_code == 200
    assert made.post(f"/tasks/{tasks[0]}/schedule", json={"due_at": f"{SUNDAY}T10:00:00Z"}).status_code == 200
    wish = made.post("/notifications/wish", json={"by_mail": False, "has_digest": True})
    assert wish.json == {"by_mail": False, "has_digest": True}
    return made


def at(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}:00+02:00")


def mailed(application: Application, clock: FixedClock, letters: list[Any], day: str, hour: str) -> int:
    clock.set(at(day, hour))
    send_all(application)
    make_worker(application).drain()
    return len(letters)


def test_a_summary_comes_once_on_the_morning_of_a_working_day(
    anna: Program, application: Application, clock: FixedClock, letters: list[Any]
) -> None:
    assert mailed(application, clock, letters, SUNDAY, "09:00") == 0
    assert mailed(application, clock, letters, MONDAY, "05:59") == 0
    assert mailed(application, clock, letters, MONDAY, "06:00") == 1
    assert mailed(application, clock, letters, MONDAY, "08:00") == 1

    ((recipients, letter),) = letters
    assert list(recipients) == ["anna@example.com"]
    assert letter["Subject"] == "Obieg: 2 tasks for you, 1 task overdue"
    text = letter.get_content().replace("\r\n", "\n")
    assert "  * Check it, due 10.05.2026 (late)\n  * Check it\n" in text
    assert "Overdue, yours and your groups': 1\nYour groups can take: 1\n" in text
    assert "https://obieg.example/\n" in text
    assert mailed(application, clock, letters, "2026-05-12", "06:00") == 2

    anna.post("/notifications/wish", json={"by_mail": True})
    assert mailed(application, clock, letters, "2026-05-13", "06:00") == 3
    anna.post("/notifications/wish", json={"by_mail": False, "has_digest": False})
    assert mailed(application, clock, letters, "2026-05-14", "06:00") == 3


def test_nothing_to_do_is_not_mailed_nor_anything_to_closed_accounts(
    anna: Program, program: Callable[..., Program], application: Application, clock: FixedClock, letters: list[Any]
) -> None:
    idle = program("idle", "sales_rep")
    application.executor.execute(SetProfile(name="idle", display_name="Idle", email="idle@example.com"), actor=SYSTEM)
    idle.post("/notifications/wish", json={"by_mail": False, "has_digest": True})
    application.executor.execute(CloseAccount(name="anna"), actor=SYSTEM)

    assert mailed(application, clock, letters, MONDAY, "06:00") == 0
    assert anna.get("/tasks").status_code == 401


def test_everybody_gets_theirs_however_many_there_are(
    anna: Program, program: Callable[..., Program], application: Application, clock: FixedClock, letters: list[Any]
) -> None:
    ewa = program("ewa", "legal")
    application.executor.execute(SetProfile(name="ewa", display_name="Ewa", email="ewa@example.com"), actor=SYSTEM)
    ewa.post("/notifications/wish", json={"by_mail": False, "has_digest": True})
    (free,) = [each["id"] for each in anna.get("/tasks?unassigned=true").json["items"]]
    assert ewa.post(f"/tasks/{free}/claim").status_code == 200
    clock.set(at(MONDAY, "06:00"))

    send_all(application, batch=1)
    make_worker(application).drain()

    assert sorted(recipients[0] for recipients, _ in letters) == ["anna@example.com", "ewa@example.com"]
