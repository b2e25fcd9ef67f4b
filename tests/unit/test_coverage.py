"""What scenarios used of a process, printed, as JSON and as a page."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.coverage import coverage_of
from engine.scenarios import play
from tests.engine_world import bpmn, chain, flow
from webapp.cli import main
from webapp.cli.coverage_page import page

MODEL = bpmn(
    '<startEvent id="start"/><userTask id="ask" name="Ask"/><exclusiveGateway id="gate" default="gate_no"/>'
    '<endEvent id="yes"/><endEvent id="no" name="No &lt;b&gt;"/>'
    '<intermediateThrowEvent id="out"><linkEventDefinition name="l"/></intermediateThrowEvent>'
    '<intermediateCatchEvent id="in"><linkEventDefinition name="l"/></intermediateCatchEvent>'
    + chain("start", "ask", "gate", "no")
    + flow("gate", "out", "ok")
    + chain("in", "yes"),
    key="choice",
)
YES = (
    "file: choice.bpmn\nscenarios:\n- name: agreed\n  steps:\n  - {complete: ask, data: {ok: true}}\n"
    "  - expect: {state: completed}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "choice.bpmn").write_bytes(MODEL)
    (tmp_path / "a.scenario.yaml").write_text(YES)
    (tmp_path / "b.scenario.yaml").write_text(
        YES.replace("state: completed", "state: failed").replace("name: agreed", "name: <i>")
    )
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["test", *arguments])
    written = capsys.readouterr()
    return int(left.value.code or 0), written.out, written.err


def test_files_of_one_process_are_counted_together(folder: Path) -> None:
    (entry,) = coverage_of(play(folder / name) for name in ("a.scenario.yaml", "b.scenario.yaml"))

    assert len(entry.results) == 2
    assert [node.id for node in entry.missed_nodes] == ["no"]
    assert [(name, source.id, target.id) for name, source, target in entry.missed_flows] == [("gate_no", "gate", "no")]
    assert entry.to_json() == {
        "process": "choice",
        "file": "choice.bpmn",
        "percent": 83,
        "nodes": {"visited": 6, "total": 7, "missed": ["no"]},
        "flows": {"visited": 4, "total": 5, "missed": ["gate_no"]},
    }


def test_coverage_is_printed_with_what_was_missed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(folder), "--coverage")

    assert code == 1
    assert "choice: 6 of 7 elements, 4 of 5 flows (83 %)" in out
    assert "no scenario came to element no" in out
    assert "no scenario came to flow gate_no (gate to no)" in out
    assert out.splitlines()[-1] == "1 passed, 1 failed"


def test_json_has_one_object_per_scenario_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(folder), "--json", "--coverage")

    objects = [json.loads(each) for each in out.splitlines()]
    assert code == 1
    assert [each["name"] for each in objects] == ["agreed", "<i>"]
    wanted = {"name", "file", "ok", "failures", "trace", "variables", "state", "coverage"}
    assert all(wanted <= each.keys() for each in objects)
    assert objects[0]["coverage"]["nodes"]["missed"] == ["no"]


REFUSED = YES.replace("complete: ask", "complete: nobody") + "  - {complete: other}\n"
REASONS = [
    "c.scenario.yaml:5: agreed error: The process has no element nobody. (scenario-element)",
    "c.scenario.yaml:7: agreed error: The process has no element other. (scenario-element)",
]


def test_a_refused_file_says_every_error_once_and_the_others_are_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.scenario.yaml").write_text(REFUSED)

    code, out, err = run(capsys, str(folder / "c.scenario.yaml"), str(folder / "a.scenario.yaml"))

    lines = [each.strip() for each in (out + err).splitlines()]
    assert code == 1
    assert lines[:4] == [f"REFUSED {folder / 'c.scenario.yaml'}", *REASONS, "passed  agreed"]
    assert lines[-1] == "1 passed, 0 failed, 1 file refused"
    assert sum("no element" in each for each in lines) == len(REASONS)


def test_a_refused_file_is_an_object_among_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "c.scenario.yaml").write_text(REFUSED)

    code, out, err = run(capsys, str(folder), "--json")

    objects = {each["file"]: each for each in map(json.loads, out.splitlines())}
    assert (code, sorted(objects), "no element" in err) == (1, [f"{each}.scenario.yaml" for each in "abc"], False)
    told = objects["c.scenario.yaml"]
    assert (told["ok"], told["state"], told["failures"], told["trace"]) == (False, "refused", REASONS, [])


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_page_needs_nothing_but_itself(folder: Path) -> None:
    text = page(coverage_of(play(folder / name) for name in ("a.scenario.yaml", "b.scenario.yaml")))
    found = Tags(text)

    assert {"script", "link", "iframe", "img"} & set(found.tags) == set()
    assert all(link.startswith("#") for link in found.links)
    assert ("b" in found.tags, found.tags.count("svg"), "@import" in text, "url(http" in text) == (
        False,
        1,
        False,
        False,
    )
    assert "&lt;i&gt;" in text
    assert 'class="node endEvent missed"' in text
    assert 'class="flow sequenceFlow visited"' in text


def test_the_page_is_written_where_it_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = folder / "report.html"

    code, out, err = run(capsys, str(folder / "a.scenario.yaml"), "--html", str(report))

    assert (code, report.read_text().startswith("<!doctype html>")) == (0, True)
    assert "report.html" in err
    assert "1 passed, 0 failed" in out
    assert run(capsys, str(folder / "a.scenario.yaml"), "--html", "/proc/nothing/report.html")[0] == 2
    assert sys.modules["webapp.cli.coverage_page"] is not None
