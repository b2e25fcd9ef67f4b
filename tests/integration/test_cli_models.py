"""`obieg check` and `obieg deploy`, line by line as the interfaces promise them."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from processes import PACKAGES
from tests.engine_world import bpmn, line
from tests.served import run
from webapp.cli import main

PACKAGE = PACKAGES[0].folder
KEYS = {"file", "line", "element", "rule", "severity", "sentence"}
GOOD = bpmn(line('<userTask id="work" camunda:candidateGroups="legal"/>', names=("work",)), key="review")
WARNED = bpmn(
    '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="a"/><endEvent id="b"/>'
    '<sequenceFlow id="f" sourceRef="s" targetRef="g"/>'
    '<sequenceFlow id="x" sourceRef="g" targetRef="a"><conditionExpression>a</conditionExpression></sequenceFlow>'
    '<sequenceFlow id="y" sourceRef="g" targetRef="b"><conditionExpression>b</conditionExpression></sequenceFlow>',
    key="warned",
)
BROKEN = {
    "a.bpmn": bpmn(line('<serviceTask id="call" obieg:handler="mail.sent"/>', names=("call",)), key="broken"),
    "b.dmn": b"<definitions/>",
    "c.form": b"{",
    "d.scenario.yaml": b"file: good.bpmn\nscenarios:\n- name: x\n  steps:\n  - complete: worked\n  - expect: {}\n",
    "templates/e.docx": b"not a document",
}


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def findings(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.out)["findings"]
        return found


Obieg = Callable[..., Done]


@pytest.fixture
def obieg(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Obieg:
    for name in [name for name in os.environ if name.startswith("OBIEG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OBIEG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OBIEG_DATABASE_URL", database_url)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def call(*arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments])
        written = capsys.readouterr()
        return Done(int(left.value.code or 0), written.out, written.err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good process, and one broken file of every kind."""
    place = tmp_path / "package"
    (place / "templates").mkdir(parents=True)
    (place / "good.bpmn").write_bytes(GOOD)
    for name, content in BROKEN.items():
        (place / name).write_bytes(content)
    return place


def definitions(engine: Engine) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        return [(key, version) for key, version in connection.execute(text("SELECT key, version FROM definition"))]


def test_every_kind_of_file_is_checked_and_every_finding_has_its_place(obieg: Obieg, folder: Path) -> None:
    done = obieg("check", folder, "--json")

    found = done.findings()
    assert done.code == 1
    assert all(finding.keys() == KEYS for finding in found)
    assert {Path(str(finding["file"])).name for finding in found} == {Path(name).name for name in BROKEN}
    (call,) = [finding for finding in found if finding["element"] == "call"]
    assert (call["line"], call["rule"], call["severity"]) == (1, "handler-unknown", "error")
    assert "Did you mean mail.send?" in str(call["sentence"])
    (step,) = [finding for finding in found if str(finding["file"]).endswith("yaml")]
    assert (step["line"], "Did you mean work?" in str(step["sentence"])) == (5, True)


def test_for_people_each_finding_is_a_line_with_its_place(obieg: Obieg, folder: Path) -> None:
    done = obieg("check", folder)

    assert done.code == 1
    assert any("a.bpmn:1: call error: There is no handler mail.sent" in each for each in done.out.splitlines())
    assert "errors, 0 warnings" in done.err


def test_the_packages_that_ship_have_nothing_to_find_even_all_together(obieg: Obieg) -> None:
    done = obieg("check", PACKAGE.parent, "--json")

    assert (done.code, [each for each in done.findings() if each["severity"] == "error"]) == (0, [])


def test_warnings_alone_are_good(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "warned.bpmn").write_bytes(WARNED)

    done = obieg("check", tmp_path / "warned.bpmn", "--json")

    assert (done.code, [finding["severity"] for finding in done.findings()]) == (0, ["warning"])


@pytest.mark.parametrize("command", ["check", "deploy", "test"])
def test_what_is_not_there_is_wrong_usage(obieg: Obieg, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()

    for arguments in ([], [tmp_path / "nothing.bpmn"], [tmp_path / "empty"], [tmp_path, "--unknown"]):
        done = obieg(command, *arguments)
        assert (done.code, "Traceback" in done.err, done.out) == (2, False, ""), arguments


@pytest.mark.parametrize(("command", "suffix"), [("check", ".bpmn"), ("deploy", ".bpmn"), ("test", ".scenario.yaml")])
def test_what_is_no_file_is_told_by_its_name_and_never_waited_for(
    obieg: Obieg, tmp_path: Path, command: str, suffix: str
) -> None:
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)

    for place in (pipe, tmp_path):
        done = obieg(command, place)
        assert (done.code, done.out) == (2, "")
        assert f"{pipe} cannot be read: it is no regular file." in " ".join(done.err.split())


def test_a_folder_that_is_named_like_a_diagram_is_looked_into(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "old.bpmn").mkdir()
    (tmp_path / "old.bpmn" / "broken.bpmn").write_bytes(BROKEN["a.bpmn"])

    done = obieg("check", tmp_path, "--json")

    assert [Path(str(finding["file"])).name for finding in done.findings()] == ["broken.bpmn"]


def test_a_link_to_nothing_is_told_by_its_own_name(obieg: Obieg, tmp_path: Path) -> None:
    (tmp_path / "link.bpmn").symlink_to(tmp_path / "nowhere")

    done = obieg("check", tmp_path)

    assert (done.code, "link.bpmn cannot be read: No such file" in " ".join(done.err.split())) == (2, True)


def test_a_dry_run_says_what_would_be_deployed_and_changes_nothing(
    obieg: Obieg, engine: Engine, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "good.bpmn").write_bytes(GOOD)

    tried = obieg("deploy", tmp_path / "good.bpmn", "--dry-run")
    refused = obieg("deploy", folder, "--dry-run")

    assert (tried.code, "review" in tried.out, "version 1" in tried.out) == (0, True, True)
    assert "Nothing was deployed" in tried.err
    assert (refused.code, refused.out) == (1, "")
    assert "a.bpmn:1: call error:" in refused.err
    assert definitions(engine) == []


def test_a_package_is_deployed_with_its_templates_and_again_without_a_new_version(
    obieg: Obieg, engine: Engine, tmp_path: Path
) -> None:
    package = tmp_path / "offer_approval"
    shutil.copytree(PACKAGE, package)

    first, second = obieg("deploy", package), obieg("deploy", package)

    assert (first.code, second.code) == (0, 0), first.err
    assert first.out == second.out
    deployed = definitions(engine)
    assert {"offer_approval", "approval_sheet.docx", "approval_sheet.typ"} <= {key for key, _ in deployed}
    assert {version for _, version in deployed} == {1}


def test_one_broken_file_among_good_ones_deploys_nothing(obieg: Obieg, engine: Engine, folder: Path) -> None:
    done = obieg("deploy", folder)

    assert (done.code, done.out, "Traceback" in done.err) == (1, "", False)
    assert definitions(engine) == []


def test_as_processes_of_their_own_they_say_the_same(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "good.bpmn").write_bytes(GOOD)

    good = run(tmp_path, "check", str(tmp_path / "good.bpmn"), "--json")
    bad = run(tmp_path, "check", str(folder), "--json")
    wrong = run(tmp_path, "check", str(tmp_path / "nothing"))
    tested = run(tmp_path, "test", str(PACKAGE), "--json")

    assert (good.returncode, json.loads(good.stdout)) == (0, {"findings": []})
    assert (bad.returncode, len(json.loads(bad.stdout)["findings"]) >= 5) == (1, True)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert tested.returncode == 0
    assert all(json.loads(each)["ok"] for each in tested.stdout.splitlines())
