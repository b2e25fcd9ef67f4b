from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from processes import PACKAGES
from tests.engine_world import bpmn, line
from tests.served import run
from webapp.cli import COMMANDS, main

PASSWORD = "rzeka-latarnia-47\n"
PACKAGE = str(PACKAGES[0].folder)
GOOD = bpmn(line('<userTask id="work" name="Work" camunda:candidateGroups="legal"/>', names=("work",)), key="review")
SCENARIO = """
file: review.bpmn
scenarios:
  - name: a lawyer reviews
    start: {variables: {amount: 5}}
    steps:
      - expect: {tasks: [work]}
      - complete: work
        as: legal
        data: {}
      - expect: {state: completed, visited: [work], variables: {amount: AMOUNT}}
"""


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Obieg = Callable[..., Done]


@pytest.fixture
def obieg(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Obieg:
    """One command on a fresh database, inside this process."""
    for name in [name for name in os.environ if name.startswith("OBIEG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OBIEG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OBIEG_DATABASE_URL", database_url)

    def call(*arguments: str, typed: str = "", **settings: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(typed))
            with pytest.raises(SystemExit) as left:
                main(list(arguments))
        written = capsys.readouterr()
        return Done(int(left.value.code or 0), written.out, written.err)

    return call


def test_an_unknown_setting_is_named_with_the_nearest_known_one(obieg: Obieg) -> None:
    done = obieg("migrate", OBIEG_DATABSE_URL="x")

    assert done.returncode == 2
    assert "OBIEG_DATABSE_URL" in done.stderr
    assert "Did you mean OBIEG_DATABASE_URL?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["deploy"], ["deploy", "/no/such/file"], ["serve", "--port", "x"]])
def test_wrong_usage_is_exit_code_2(obieg: Obieg, arguments: list[str]) -> None:
    done = obieg(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_there_is_exit_code_2(obieg: Obieg, tmp_path: Path) -> None:
    done = run(tmp_path, "user", "list", OBIEG_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_people_and_tokens_are_made_and_unmade(obieg: Obieg) -> None:
    assert obieg("migrate").returncode == 0
    added = obieg("user", "add", "anna", "--role", "legal", "--role", "auditor", "--password-stdin", typed=PASSWORD)
    assert added.returncode == 0, added.stderr
    again = obieg("user", "add", "anna", "--password-stdin", typed=PASSWORD)
    assert (again.returncode, "Traceback" in again.stderr) == (2, False)
    weak = obieg("user", "add", "jan", "--password-stdin", typed="short\n")
    assert weak.returncode == 2
    assert "10" in weak.stderr

    token = obieg("token", "create", "anna", "--days", "30")

    assert token.stdout.startswith("obieg_")
    assert len(token.stdout.splitlines()) == 1
    assert "anna" in obieg("user", "list").stdout
    number = token.stderr.split("Id ")[1].split(";")[0]
    assert obieg("token", "revoke", number).returncode == 0
    assert obieg("user", "roles", "anna").returncode == 2  # a look must not take the roles away
    assert "legal" in obieg("user", "list").stdout
    assert obieg("user", "roles", "anna", "--none").returncode == 0
    assert "legal" not in obieg("user", "list").stdout
    assert obieg("user", "close", "anna").returncode == 0
    assert "(closed)" in obieg("user", "list").stdout


def test_a_program_needs_no_password(obieg: Obieg) -> None:
    assert obieg("migrate").returncode == 0

    added = obieg("user", "add", "robot", "--role", "sales_rep", "--no-password")
    token = obieg("token", "create", "robot")

    assert (added.returncode, added.stderr) == (0, "")
    assert token.stdout.startswith("obieg_")


def test_files_are_checked_without_a_database(obieg: Obieg, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.bpmn", tmp_path / "bad.bpmn"
    good.write_bytes(GOOD)
    bad.write_bytes(b"not XML")

    assert obieg("check", str(good)).returncode == 0
    found = obieg("check", str(tmp_path), "--json")

    assert found.returncode == 1
    (finding,) = json.loads(found.stdout)["findings"]
    assert finding["file"].endswith("bad.bpmn")
    assert finding.keys() == {"file", "line", "element", "rule", "severity", "sentence"}


def test_a_scenario_that_expects_nothing_is_a_finding(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "review.bpmn").write_bytes(GOOD)
    (tmp_path / "review.scenario.yaml").write_text(
        "file: review.bpmn\nscenarios: [{name: x, steps: [{complete: work}]}]"
    )

    found = obieg("check", str(tmp_path))

    assert found.returncode == 1
    assert "review.scenario.yaml" in found.stdout


def test_a_package_is_deployed_whole_or_not_at_all(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "good.bpmn").write_bytes(GOOD)
    (tmp_path / "bad.bpmn").write_bytes(b"not XML")

    refused = obieg("deploy", str(tmp_path))
    tried = obieg("deploy", PACKAGE, "--dry-run")
    done = obieg("deploy", PACKAGE)
    again = obieg("deploy", PACKAGE)

    assert refused.returncode == 1
    assert "bad.bpmn" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert tried.returncode == 0
    assert done.returncode == 0, done.stderr
    assert "offer_approval" in done.stdout
    assert again.stdout == done.stdout


def test_scenarios_pass_and_fail_with_exit_codes(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "review.bpmn").write_bytes(GOOD)
    file = tmp_path / "review.scenario.yaml"

    file.write_text(SCENARIO.replace("AMOUNT", "5"))
    good = obieg("test", str(file), "--json")
    assert obieg("check", str(tmp_path)).returncode == 0
    file.write_text(SCENARIO.replace("AMOUNT", "6"))
    bad = obieg("test", str(tmp_path), "--json")

    assert good.returncode == 0, good.stderr
    assert bad.returncode == 1
    passed, failed = json.loads(good.stdout), json.loads(bad.stdout)
    assert passed["ok"] is True
    assert {"name", "file", "ok", "failures", "trace", "variables", "state"} <= passed.keys()
    assert failed["ok"] is False
    assert failed["failures"]


def test_the_shipped_scenarios_pass(obieg: Obieg) -> None:
    done = obieg("test", PACKAGE)

    assert done.returncode == 0, done.stdout
    assert " 0 failed" in done.stdout


def test_the_trail_of_a_fresh_installation_is_whole(obieg: Obieg) -> None:
    obieg("deploy", PACKAGE)

    done = obieg("audit", "check", "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["findings"] == []


def test_every_command_explains_itself(obieg: Obieg) -> None:
    for name in COMMANDS:
        done = obieg(name, "--help")

        assert done.returncode == 0, (name, done.stderr)
        assert "Usage:" in done.stdout


def test_a_country_without_known_holidays_is_refused_at_the_start(obieg: Obieg) -> None:
    done = obieg("migrate", OBIEG_COUNTRY="Poland")

    assert done.returncode == 2
    assert "OBIEG_COUNTRY is 'Poland'; it must be a country with known public holidays" in done.stderr
    assert "Traceback" not in done.stderr
