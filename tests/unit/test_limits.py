"""How far rights reach: the furthest of several roles, by team and department."""

from core.identity import Actor, Reach
from crm.access import READ, READERS, has_kept_rights, kept_rights, reach_of, with_kept_rights
from engine.access import reached_sql
from webapp.accounts.emergency import with_emergency_access
from webapp.accounts.limits import limits_of
from webapp.accounts.roles import permissions_of

TEAMS = {"sales": (None, ["head"]), "north": ("sales", ["ada", "bob"]), "south": ("sales", ["cleo"])}


def actor(name: str, team: str | None, scopes: dict[tuple[str, str], str], *roles: str) -> Actor:
    limits = limits_of(name, team, roles, scopes, TEAMS)
    return Actor(id=name, name=name, roles=frozenset(roles), permissions=permissions_of(roles), limits=limits)


def test_sec_02_rights_reach_everything_as_long_as_nobody_says_otherwise() -> None:
    assert actor("ada", "north", {}, "sales_rep").limits == ()


def test_sec_02_own_reaches_what_somebody_looks_after_and_team_and_department_what_their_people_do() -> None:
    def reach(scope: str, name: str = "ada", team: str | None = "north") -> Reach | None:
        return reach_of(actor(name, team, {("sales_rep", READ): scope}, "sales_rep"))

    everybody = frozenset({"ada", "bob", "cleo", "head"})
    assert reach("own") == Reach(people=frozenset({"ada"}))
    assert reach("team") == Reach(people=frozenset({"ada", "bob"}), teams=frozenset({"north"}))
    assert reach("department") == Reach(people=everybody, teams=frozenset(TEAMS))
    assert reach("team", "head", "sales") == reach("department")
    assert reach("department", "new", None) == Reach(people=frozenset({"new"}))
    assert reach("all") is None


def test_sec_02_the_role_that_reaches_furthest_decides_and_a_group_of_diagrams_does_not() -> None:
    scopes = {("sales_rep", READ): "own", ("call_agent", READ): "team"}

    assert reach_of(actor("ada", "north", scopes, "sales_rep", "cleaning_crew")) == Reach(people=frozenset({"ada"}))
    assert reach_of(actor("ada", "north", scopes, "sales_rep", "call_agent")) == Reach(
        people=frozenset({"ada", "bob"}), teams=frozenset({"north"})
    )
    assert reach_of(actor("ada", "north", scopes, "sales_rep", "auditor")) is None


def test_sec_02_whoever_reads_little_edits_no_more_and_may_edit_less() -> None:
    own = Reach(people=frozenset({"ada"}))
    reader = actor("ada", "north", {("sales_rep", READ): "own"}, "sales_rep")
    editor = actor("ada", "north", {("sales_rep", "customer.edit"): "own"}, "sales_rep")

    assert reach_of(reader, "customer.edit") == own
    assert reach_of(editor) is None
    assert reach_of(editor, "customer.edit") == own
    assert reach_of(editor, "offer.edit") is None


def test_sec_02_a_worker_reaches_no_further_than_whoever_ordered_its_work() -> None:
    ada = actor("ada", "north", {("sales_rep", READ): "team"}, "sales_rep")
    kept = kept_rights(ada, READERS)

    assert reach_of(with_kept_rights("ada", "Ada", kept)) == reach_of(ada)
    assert has_kept_rights(ada, kept)
    assert not has_kept_rights(actor("ada", "north", {("sales_rep", READ): "own"}, "sales_rep"), kept)
    assert not has_kept_rights(ada, kept_rights(actor("ada", None, {}, "sales_rep"), READERS))


def test_sec_02_an_open_emergency_access_and_rights_to_all_cases_are_not_narrowed() -> None:
    scopes = {("sales_rep", READ): "own"}
    admin = actor("ada", None, scopes, "sales_rep", "admin")

    assert reach_of(admin) == Reach(people=frozenset({"ada"}))
    assert reach_of(with_emergency_access(admin)) is None
    assert reached_sql(admin, "id", {}) != []
    assert reached_sql(with_emergency_access(admin), "id", {}) == []


def test_sec_02_customers_of_open_tasks_are_reached_besides_and_are_not_kept_for_later() -> None:
    scopes = {("sales_rep", READ): "own"}
    limits = limits_of("ada", None, ["sales_rep"], scopes, {}, lent=["C1"])
    ada = Actor(id="ada", name="Ada", permissions=permissions_of(["sales_rep"]), limits=limits)

    assert reach_of(ada) == Reach(people=frozenset({"ada"}), customers=frozenset({"C1"}))
    assert reach_of(with_kept_rights("ada", "Ada", kept_rights(ada, READERS))) == Reach(people=frozenset({"ada"}))
