"""Freezes the states of the present stored format: `python -m tests.upgrade.freeze`, after the format has changed.

Each set is a folder `<format>.<serial>`; sets are only added. Cases of released versions must open for ever.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.spiff.stored import FORMAT
from tests.upgrade.states import STATES, frozen

HERE = Path(__file__).parent


def sets(number: int) -> list[Path]:
    """The sets of a format, the oldest first."""
    return sorted(HERE.glob(f"{number}.*"), key=lambda path: int(path.suffix[1:]))


def file_name(state: str) -> str:
    """The file of a state."""
    return state.replace(",", "").replace(" ", "_") + ".json"


def main() -> None:
    """Write a new set."""
    folder = HERE / f"{FORMAT}.{len(sets(FORMAT)) + 1}"
    folder.mkdir()
    for name, waiting in STATES.items():
        (folder / file_name(name)).write_text(frozen(waiting))
    sys.stdout.write(f"{len(STATES)} states in {folder}\n")


if __name__ == "__main__":
    main()
