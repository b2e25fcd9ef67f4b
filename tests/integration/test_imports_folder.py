"""Files that other programs put into a folder come in by the mapping that the folder is called after."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.errors import Unavailable
from core.identity import Actor
from crm.imports.arranging import imports, one_import
from crm.imports.batches import DraftImport, SaveMapping
from crm.imports.undoing import UndoImport, run_undo
from crm.imports.working import look_at, run_import
from crm.queries import customers
from tests.crm_desk import RIGHTS
from webapp import dropped
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application
from webapp.dropped_imports import import_ticks, take_records

ADMIN = Actor(id="rada", name="Administrator", permissions=RIGHTS)
FIRMS = "Kod;Nazwa;Branża\nA1;Młyn;\nA2;Tartak;nikt nie zna\n".encode("cp1250")
EARLIER, LATER = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)  # than files of today
AT_ONCE = timedelta(seconds=-5)  # as if nobody had written to the files for long


@pytest.fixture
def folder(application: Application, tmp_path: Path, add_account: Callable[..., str]) -> Path:
    """The folder, with the mapping of an old program kept."""
    root = tmp_path / "records"
    (root / "Stary program").mkdir(parents=True)
    application.settings = replace(application.settings, import_folder=root)
    add_account("rada", "sales_rep", "invoice_clerk")
    keep(application, ADMIN, FIRMS, "Stary program")
    return root


def keep(application: Application, keeper: Actor, content: bytes, name: str) -> None:
    """Somebody keeps the mapping of such a file."""
    looked = look_at(io.BytesIO(content), "customers")
    blob = application.blobs.put(io.BytesIO(content), announce=application.staging.announce)
    order = DraftImport(kind="customers", blob=blob, file_name="a.csv", arrangement=looked.arrangement, total=2)
    made = application.executor.execute(order, actor=keeper)
    application.executor.execute(SaveMapping(import_id=made, name=name), actor=keeper)


def put(folder: Path, name: str, content: bytes = FIRMS) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def begun(application: Application) -> list[str]:
    """What the folder began, newest first."""
    with application.units.reading(ADMIN) as view:
        return [each.id for each in imports(view).items if each.started_by == "import-folder"]


def bring_in(application: Application) -> list[str]:
    """Look into the folder, and have a worker run what that began."""
    take_records(application, settled=AT_ONCE)
    made = begun(application)
    for each in made:
        run_import(application, {"import_id": each})
    return made


def names(application: Application) -> list[str]:
    with application.units.reading(ADMIN) as view:
        return [each.name for each in customers(view).items]


def test_imp_03_a_file_in_the_folder_comes_in_by_itself_and_is_taken_back(
    application: Application, folder: Path
) -> None:
    path = put(folder, "Stary program/firmy.csv")

    (made,) = bring_in(application)

    with application.units.reading(ADMIN) as view:
        found = one_import(view, made)
    assert (found.state, found.file_name, found.counts["created"], found.counts["rejected"]) == (
        "finished",
        "firmy.csv",
        1,
        1,
    )
    assert names(application) == ["Młyn"]
    assert (path.exists(), (folder / "done" / "firmy.csv").exists()) == (False, True)

    application.executor.execute(UndoImport(import_id=made, reason="wrong month"), actor=ADMIN)
    run_undo(application, {"import_id": made})

    assert names(application) == []


def test_imp_03_a_look_that_was_cut_short_brings_nothing_in_twice(
    application: Application, folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "Stary program/firmy.csv")
    clock.set(LATER)

    def die(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(dropped, "move_away", die)
        with pytest.raises(KeyboardInterrupt):
            take_records(application, settled=AT_ONCE)

    assert len(bring_in(application)) == 1
    assert names(application) == ["Młyn"]


def test_imp_03_the_same_file_can_be_brought_again(application: Application, folder: Path, clock: FixedClock) -> None:
    clock.set(EARLIER)
    put(folder, "Stary program/firmy.csv")
    bring_in(application)
    put(folder, "Stary program/firmy.csv")

    assert len(bring_in(application)) == 2
    assert names(application) == ["Młyn"]
    assert {each.name for each in (folder / "done").iterdir()} == {"firmy.csv", "firmy (1).csv"}


def test_imp_03_what_cannot_come_in_is_put_aside_with_the_reason(application: Application, folder: Path) -> None:
    (folder / "Nowy").mkdir()
    put(folder, "loose.csv")
    put(folder, "Nowy/unknown.csv")
    put(folder, "Stary program/narrow.csv", b"Kod;Nazwa\nA1;Firma\n")
    put(folder, "Stary program/empty.csv", b"")
    (folder / "Stary program" / "link.csv").symlink_to("/etc/hostname")

    assert bring_in(application) == []

    reasons = {each.name.split(".")[0]: each.read_text("utf-8") for each in (folder / "failed").glob("*.reason.txt")}
    assert reasons["loose"].startswith("Put it into a folder that is called as a kept mapping is.")
    assert reasons["unknown"] == "There is no kept mapping Nowy. Kept are: Stary program.\n"
    assert reasons["narrow"].startswith("The file has 2 columns, the mapping Stary program 3.")
    assert reasons["empty"] == "The file is empty.\n"
    assert reasons["link"].startswith("It is a link")


def test_imp_03_the_folder_is_looked_into_by_the_clock_where_there_is_one(
    application: Application, folder: Path
) -> None:
    (tick,) = import_ticks(application)

    assert (tick.name, tick.every_seconds) == ("imports", 60)
    application.settings = replace(application.settings, import_folder=folder / "gone")
    with pytest.raises(Unavailable, match="OBIEG_IMPORT_FOLDER"):
        take_records(application)
    application.settings = replace(application.settings, import_folder=None)
    assert (import_ticks(application), take_records(application)) == ([], 0)


def test_a_file_changes_no_more_than_whoever_kept_its_mapping_may(
    application: Application, folder: Path, add_account: Callable[..., str]
) -> None:
    limits = "Kod;Nazwa;Limit kredytowy\nA1;Młyn;1000000\n".encode("cp1250")
    add_account("rita", "call_agent")
    keep(application, replace(ADMIN, id="rita", permissions=permissions_of({"call_agent"})), limits, "Z limitami")
    (folder / "Z limitami").mkdir()
    put(folder, "Z limitami/firmy.csv", limits)

    (made,) = bring_in(application)

    with application.units.reading(ADMIN) as view:
        found = one_import(view, made)
    assert (found.state, "customer.finance" in (found.reason or "")) == ("failed", True)
    assert names(application) == []

    add_account("dora", "credit_controller")
    keep(application, replace(ADMIN, id="dora"), limits, "Z limitami")
    put(folder, "Z limitami/firmy.csv", limits)
    bring_in(application)
    assert names(application) == ["Młyn"]


def test_a_file_is_not_taken_when_whoever_kept_its_mapping_has_left(application: Application, folder: Path) -> None:
    keep(application, replace(ADMIN, id="nobody"), FIRMS, "Stary program")
    put(folder, "Stary program/firmy.csv")

    assert bring_in(application) == []

    (reason,) = (folder / "failed").glob("*.txt")
    assert "nobody, who kept the mapping" in reason.read_text()
