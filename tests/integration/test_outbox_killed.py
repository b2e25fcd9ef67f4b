"""Workers that are killed while they send lose nothing, and what goes out twice has the same Message-ID."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.clock import SystemClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.outbox.queueing import QueueMessage
from tests.mailbox import Mailbox
from webapp.bootstrap import build
from webapp.outbox.delivery import send_due

MESSAGES = 40
KILLED_AT = (5, 13, 21)  # letters after which the worker that brings the next one is killed
WORKER = """
import sys
from pathlib import Path
from core.settings import Settings
from webapp.bootstrap import build
from webapp.outbox.delivery import send_due
url, data, port = sys.argv[1:]
here = build(Settings(database_url=url, data=Path(data), mail_host="127.0.0.1", mail_port=int(port),
    mail_security="none", mail_from="office@example.org"))
print("ready", flush=True)
sys.stdin.readline()
send_due(here)
here.close()
"""


class Ahead:
    """The time when all leases are over."""

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(hours=1)


@dataclass
class Deadly(Mailbox):
    """Kills whoever brings certain letters, after taking them and before saying so."""

    encrypted: bool = False
    victims: list[subprocess.Popen[str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- its name
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.letters) in KILLED_AT:
            os.kill(self.victims[KILLED_AT.index(len(self.letters))].pid, signal.SIGKILL)
        return answer


def test_workers_that_are_killed_lose_nothing_and_repeat_only_with_the_same_id(
    database_url: str, tmp_path: Path
) -> None:
    box = Deadly()
    server = box.serve()
    settings: dict[str, Any] = {"database_url": database_url, "mail_host": "127.0.0.1", "mail_port": server.port}
    settings |= {"mail_security": "none", "mail_from": "office@example.org"}
    here = build(Settings(data=tmp_path / "here", **settings), clock=Ahead())
    try:
        here.clock = here.units.clock = SystemClock()
        for number in range(MESSAGES):
            order = QueueMessage(
                channel="email", recipient=f"a{number}@example.com", subject="S", text="T", key=f"{number}"
            )
            here.executor.execute(order, actor=SYSTEM)
        arguments = [sys.executable, "-c", WORKER, database_url, str(tmp_path / "there"), str(server.port)]
        pipe = subprocess.PIPE
        box.victims = [subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
        for worker in box.victims:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in box.victims:
            worker.communicate("go\n")

        here.clock = here.units.clock = Ahead()
        send_due(here)

        with here.database.engine.connect() as connection:
            states = list(connection.exec_driver_sql("SELECT state, count(*) FROM outbox_message GROUP BY state"))
            ids = dict(connection.exec_driver_sql("SELECT message_id, recipient FROM outbox_message").all())
    finally:
        here.close()
        server.stop()
    sent = Counter((letter["Message-ID"].strip("<>"), to) for (to,), letter in box.letters)
    assert [worker.returncode for worker in box.victims] == [-9, -9, -9, 0]
    assert states == [("sent", MESSAGES)]
    assert dict(sent.keys()) == ids
    assert sum(sent.values()) <= MESSAGES + len(KILLED_AT)
