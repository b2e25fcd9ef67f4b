"""Every way in which a case can wait survives a migration, also where all elements of the new version are renamed."""

import json
from typing import Any

import pytest

from engine.migration.moving import check_instance, moved
from engine.migration.plans import Plan, check_plan, generated
from engine.runtime import Program
from engine.spiff.parts import whole
from tests.upgrade import freeze, states

FROZEN = sorted(freeze.sets(freeze.FORMAT)[-1].glob("*.json"))
UNDOING = {"what_a_sub-process_did_is_being_undone"}
WAITING = [each for each in FROZEN if each.stem not in UNDOING]
NAMELESS = {"signal", "set"}  # steps that name no element


def ids_of(program: Program) -> set[str]:
    nodes = program.process.nodes.values()
    return {node.id for node in nodes} | {flow.id for node in nodes for flow in node.outgoing if not flow.link}


def renamed(value: Any, ids: set[str]) -> Any:
    """Elements and flows under their new ids."""
    if isinstance(value, str):
        element, sign, rest = value.partition("#")
        return f"new_{element}{sign}{rest}" if element in ids else value
    return [renamed(each, ids) for each in value] if isinstance(value, list) else value


def migrated(stored: dict[str, Any], old: Program, new: Program, mapping: dict[str, str | None]) -> states.Player:
    """The stored case in the new version."""
    plan = Plan(old.process, new.process, generated(old.process, new.process, mapping))
    assert check_plan(plan) == []
    snapshot = whole(stored["snapshot"], stored["snapshot"].get("rows", ()))
    assert check_instance(snapshot, plan) == []
    player = states.Player(new, moved(snapshot, plan).snapshot)
    player.case.take_over(plan.fresh(), restart_timers=False)
    player.case.go_on()
    player.case.take_changes()
    return player


@pytest.mark.parametrize("path", WAITING, ids=lambda path: path.stem)
def test_a_case_goes_on_in_a_version_with_the_same_elements(path: Any) -> None:
    stored = json.loads(path.read_text())
    old, new = states.program_of(stored["source"]), states.program_of(stored["source"])

    player = migrated(stored, old, new, {})
    player.play(stored["steps"])

    assert json.loads(json.dumps(player.result())) == stored["result"]


@pytest.mark.parametrize("path", WAITING, ids=lambda path: path.stem)
def test_a_case_goes_on_in_a_version_in_which_everything_has_another_id(path: Any) -> None:
    stored = json.loads(path.read_text())
    old = states.program_of(stored["source"])
    ids, source = ids_of(old), stored["source"]
    for each in ids:
        source = source.replace(f'"{each}"', f'"new_{each}"')
    steps = [
        step if step[0] in NAMELESS else [step[0], *(renamed(each, ids) for each in step[1:])]
        for step in stored["steps"]
    ]

    player = migrated(stored, old, states.program_of(source), {each: f"new_{each}" for each in ids})
    player.play(steps)

    result = stored["result"] | {"trace": renamed(stored["result"]["trace"], ids)}
    assert json.loads(json.dumps(player.result())) == result


@pytest.mark.parametrize("path", [each for each in FROZEN if each.stem in UNDOING], ids=lambda path: path.stem)
def test_a_case_that_is_undoing_something_stays_until_that_is_over(path: Any) -> None:
    stored = json.loads(path.read_text())
    old, new = states.program_of(stored["source"]), states.program_of(stored["source"])

    found = check_instance(stored["snapshot"], Plan(old.process, new.process, generated(old.process, new.process, {})))

    assert "is undoing what was done before" in found[0].sentence
