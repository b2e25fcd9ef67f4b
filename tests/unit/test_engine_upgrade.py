"""Cases that any earlier format has stored open, go on and end as they would have; a new format needs a frozen set."""

import json
from pathlib import Path

import pytest

from engine.spiff.stored import FORMAT
from tests.upgrade import freeze, states

FROZEN = sorted(freeze.HERE.glob("*.*/*.json"))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_stored_case_goes_on_and_ends_as_it_would_have(path: Path) -> None:
    stored = json.loads(path.read_text())

    player = states.Player(states.program_of(stored["source"]), stored["snapshot"])
    player.play(stored["steps"])

    assert json.loads(json.dumps(player.result())) == stored["result"]
    assert stored["result"]["state"] == "completed"


def test_every_format_has_a_frozen_set() -> None:
    formats = {int(path.parent.name.partition(".")[0]) for path in FROZEN}

    assert formats == set(range(2, FORMAT + 1))  # the first was never released; a test of timers reads it


@pytest.mark.parametrize("name", sorted(states.STATES))
def test_the_newest_set_is_what_would_be_stored_today(name: str) -> None:
    newest = freeze.sets(FORMAT)[-1] / freeze.file_name(name)

    assert newest.exists(), "freeze the new state: python -m tests.upgrade.freeze"
    today = states.freeze(states.STATES[name])["snapshot"]
    kept = json.loads(newest.read_text())["snapshot"]

    told = (
        "the stored format changed: raise FORMAT unless old states read the same, then: python -m tests.upgrade.freeze"
    )
    assert states.shape(today) == states.shape(kept), told
