"""Documents for groups of the firm and for people outside: until a day, with a password, every access in the trail."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from audit.verify import Finding
from core.clock import FixedClock
from core.identity import SYSTEM
from documents.document_types import DefineDocumentType
from documents.metadata import EditDocument
from documents.states import ChangeState
from tests.web import Program, form_token
from webapp.accounts.people import CloseAccount, SetRoles
from webapp.bootstrap import Application
from webapp.document_check import check_versions

CONTENT = b"Umowa z firma Wisla, poufna"
SECRET = "zielony-parasol-7"


class Sharing:
    """A document of Ewa's, and a browser that nobody has logged in with."""

    def __init__(self, application: Application, ewa: Program, stranger: FlaskClient) -> None:
        self.application, self.ewa, self.stranger = application, ewa, stranger
        self.document: str = self.upload(CONTENT).json["id"]

    def upload(self, content: bytes, path: str = "/documents") -> Any:
        filed = self.ewa.post(path, data={"file": (io.BytesIO(content), "umowa.txt")})
        assert filed.status_code == 201, filed.text
        return filed

    def link(self, **body: Any) -> str:
        """Where the stranger fetches it."""
        made = self.ewa.post(f"/documents/{self.document}/shares", json={"recipient": "Jan Kos, Wisła", **body})
        assert made.status_code == 201, made.text
        return "/shared/" + made.json["address"].rsplit("/", 1)[1]

    def fetch(self, link: str, password: str = "") -> Any:
        return self.stranger.post(link, data={"password": password, "csrf_token": form_token(self.stranger)})

    def shares(self) -> list[dict[str, Any]]:
        return list(self.ewa.get(f"/documents/{self.document}/shares").json["links"])

    def told(self) -> list[str]:
        with self.application.database.engine.connect() as connection:
            statement = text("SELECT type FROM audit_entry WHERE stream = :stream ORDER BY stream_seq")
            return list(connection.scalars(statement, {"stream": f"document:{self.document}"}))

    def findings(self) -> list[Finding]:
        with self.application.units.reading(SYSTEM) as view:
            return list(check_versions(view))

    def do(self, command: Any) -> Any:
        return self.application.executor.execute(command, actor=SYSTEM)


@pytest.fixture
def shared(application: Application, app: Any, program: Callable[..., Program]) -> Sharing:
    return Sharing(application, program("ewa", "sales_rep"), app.test_client())


def test_dms_12_somebody_outside_fetches_the_version_of_the_link_and_each_access_is_told(shared: Sharing) -> None:
    link = shared.link()
    shared.upload(b"second", f"/documents/{shared.document}/versions")

    page = shared.stranger.get(link)
    first, second = shared.fetch(link), shared.fetch(link)

    assert ("umowa.txt" in page.text, page.status_code) == (True, 200)
    assert first.data == second.data == CONTENT
    assert first.headers["Content-Disposition"].startswith("attachment")
    assert shared.told()[-3:] == ["document.version_added", "document.read_by_link", "document.read_by_link"]
    (told,) = shared.shares()
    assert (told["n"], told["opened"], told["recipient"]) == (1, 2, "Jan Kos, Wisła")


def test_dms_12_looking_at_the_link_fetches_nothing(shared: Sharing) -> None:
    link = shared.link()

    shared.stranger.get(link)
    shared.stranger.head(link)

    assert shared.told()[-1] == "document.link_shared"
    assert shared.shares()[0]["opened"] == 0


def test_dms_12_a_password_keeps_everything_from_whoever_does_not_know_it(shared: Sharing) -> None:
    link = shared.link(password=SECRET)

    page = shared.stranger.get(link)
    wrong = shared.fetch(link, "czerwony-parasol-7")
    right = shared.fetch(link, SECRET)

    assert "umowa" not in page.text
    assert (wrong.status_code, CONTENT in wrong.data) == (403, False)
    assert right.data == CONTENT
    assert shared.told()[-2:] == ["document.link_refused", "document.read_by_link"]
    with shared.application.database.engine.connect() as connection:
        kept = connection.execute(text("SELECT password_hash, token_digest FROM document_share")).one()
    assert SECRET not in kept.password_hash
    assert link.rsplit("/", 1)[1] not in kept.token_digest


def test_dms_12_a_link_is_closed_after_ten_wrong_passwords(shared: Sharing) -> None:
    link = shared.link(password=SECRET)

    for _ in range(10):
        shared.fetch(link, "wrong-password")

    assert shared.fetch(link, SECRET).status_code == 404
    assert shared.shares()[0]["state"] == "locked"


def test_dms_12_a_link_ends_by_itself_and_can_be_taken_back(shared: Sharing, clock: FixedClock) -> None:
    ends = clock.now() + timedelta(days=2)
    ending, revoked = shared.link(expires_at=ends.isoformat()), shared.link()
    share = shared.shares()[0]["id"]

    closed = shared.ewa.delete(f"/documents/{shared.document}/shares/{share}")
    clock.advance(timedelta(days=2))

    assert closed.status_code == 200, closed.text
    for link in (ending, revoked, "/shared/nothing", "/shared/" + "x" * 500):
        assert [shared.fetch(link).status_code, shared.stranger.get(link).status_code] == [404, 404]
    assert sorted(each["state"] for each in shared.shares()) == ["ended", "revoked"]


@pytest.mark.parametrize("days", [0, 91])
def test_dms_12_a_link_ends_in_time(shared: Sharing, clock: FixedClock, days: int) -> None:
    ends = (clock.now() + timedelta(days=days)).isoformat()

    body = {"recipient": "Jan", "expires_at": ends}
    refused = shared.ewa.post(f"/documents/{shared.document}/shares", json=body)

    assert (refused.status_code, list(refused.json["details"]["fields"])) == (422, ["/expires_at"])


def lose_the_account(shared: Sharing) -> None:
    shared.do(CloseAccount(name="ewa"))


def lose_the_right(shared: Sharing) -> None:
    shared.do(SetRoles(name="ewa", roles=frozenset({"technician"})))


def make_it_void(shared: Sharing) -> None:
    shared.do(ChangeState(document_id=shared.document, state="void", reason="wrong"))


@pytest.mark.parametrize("lose", [lose_the_account, lose_the_right, make_it_void])
def test_dms_12_a_link_opens_no_more_than_whoever_made_it_may_give(
    shared: Sharing, lose: Callable[[Sharing], None]
) -> None:
    link = shared.link()
    assert shared.fetch(link).status_code == 200

    lose(shared)

    assert shared.fetch(link).status_code == 404


def test_dms_12_only_who_may_share_makes_links_and_only_to_what_they_see(
    shared: Sharing, program: Callable[..., Program]
) -> None:
    technician, olga = program("tomek", "technician"), program("olga", "sales_rep")
    path = f"/documents/{shared.document}/shares"

    refused = technician.post(path, json={"recipient": "Jan"})
    unseen = olga.post(path, json={"recipient": "Jan"})

    assert (refused.status_code, unseen.status_code) == (403, 404)


def test_dms_12_a_group_sees_finds_and_loses_what_it_is_given(shared: Sharing, program: Callable[..., Program]) -> None:
    tomek, kasia = program("tomek", "technician"), program("kasia", "logistics")
    content = f"/documents/{shared.document}/versions/1/content"
    group = f"/documents/{shared.document}/groups/technician"
    before = tomek.get(content).status_code

    given = shared.ewa.post(group)
    seen = [who.get(content).status_code for who in (tomek, kasia)]
    found = [[each["id"] for each in who.get("/search?q=umowa").json["items"]] for who in (tomek, kasia)]
    listed = [each["document_id"] for each in tomek.get("/documents").json["items"]]
    taken = shared.ewa.delete(group)

    assert (before, given.status_code, given.json["groups"]) == (404, 200, ["technician"])
    assert seen == [200, 404]
    assert found == [[shared.document], []]
    assert listed == [shared.document]
    assert (taken.json["groups"], tomek.get(content).status_code) == ([], 404)
    assert tomek.get("/search?q=umowa").json["items"] == []
    assert shared.told() == ["document.filed", "document.linked", "document.read", "document.unshared"]


def test_dms_12_a_group_sees_nothing_that_its_type_keeps_from_it(
    shared: Sharing, program: Callable[..., Program]
) -> None:
    shared.do(DefineDocumentType(key="secret", name="Secret", readers=("board",)))
    shared.do(EditDocument(document_id=shared.document, type="secret"))

    shared.ewa.post(f"/documents/{shared.document}/groups/technician")

    tomek = program("tomek", "technician")
    assert tomek.get(f"/documents/{shared.document}").status_code == 404


def test_dms_12_a_group_that_there_is_not_is_refused(shared: Sharing) -> None:
    refused = shared.ewa.post(f"/documents/{shared.document}/groups/nobody")

    assert (refused.status_code, list(refused.json["details"]["fields"])) == (422, ["/group"])
    assert shared.ewa.delete(f"/documents/{shared.document}/groups/legal").status_code == 404


def test_what_was_given_and_taken_back_is_no_finding_and_what_was_slipped_in_is(shared: Sharing) -> None:
    group = f"/documents/{shared.document}/groups/technician"
    for verb in (shared.ewa.post, shared.ewa.delete, shared.ewa.post):
        verb(group)
    with shared.application.database.engine.connect() as connection:
        row = connection.execute(text("SELECT id, role, created_at FROM document_link")).one()
    assert shared.findings() == []
    shared.ewa.delete(group)
    assert shared.findings() == []

    with shared.application.database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO document_link (id, document_id, kind, target, role, created_at, created_by)"
                " VALUES (:id, :document, 'group', 'technician', :role, :at, 'ewa')"
            ),
            {"id": row.id, "document": shared.document, "role": row.role, "at": row.created_at},
        )

    (finding,) = shared.findings()
    assert re.search("link from the document .* to group technician is unknown", finding.sentence)
