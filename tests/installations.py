"""A data folder as `obieg` leaves it: made once in a run, copied by each test that serves one of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from core.identity import SYSTEM
from core.records import dataclass
from core.settings import Settings
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import bring_up_to_date, build

NAME = "robot"


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder that nobody uses, with a migrated database and a program that may act as a sales representative."""

    data: Path
    token: str

    def copy(self, data: Path) -> str:
        """Fill a folder with the same; gives the program's token."""
        subprocess.run(["cp", "-pR", f"{self.data}/.", str(data)], check=True)
        return self.token


def install(data: Path) -> Installation:
    """Fill an empty folder, and leave it."""
    application = build(Settings(data=data), owner=True)
    try:
        bring_up_to_date(application, allowed=True)
        execute = application.executor.execute
        execute(AddAccount(name=NAME, roles=frozenset({"sales_rep"})), actor=SYSTEM)
        return Installation(data=data, token=execute(CreateToken(name=NAME), actor=SYSTEM).token)
    finally:
        application.close()
