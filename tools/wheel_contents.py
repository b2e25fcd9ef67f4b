"""Fails when a wheel lacks the built front end, a template, a migration or a process, or holds sources of npm."""

import sys
import zipfile
from pathlib import Path

NEEDED = {
    "the front end's manifest": lambda name: name.startswith("webapp/static/dist/") and name.endswith("manifest.json"),
    "the packed scripts": lambda name: name.startswith("webapp/static/dist/") and name.endswith(".js.br"),
    "the page templates": lambda name: name.startswith("webapp/templates/") and name.endswith(".html"),
    "the migrations": lambda name: name.startswith("storage/migrations/versions/") and name.endswith(".py"),
    "the shipped processes": lambda name: name.startswith("processes/") and name.endswith(".bpmn"),
}


def main(folder: Path) -> int:
    """Check the newest wheel of a folder; returns the exit code."""
    wheels = sorted(folder.glob("obieg-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        print(f"{folder} has no wheel of Obieg.")
        return 2
    names = zipfile.ZipFile(wheels[-1]).namelist()
    missing = [what for what, is_it in NEEDED.items() if not any(is_it(name) for name in names)]
    foreign = [name for name in names if "node_modules" in name or name.startswith("webapp/frontend/")]
    for what in missing:
        print(f"{wheels[-1].name} lacks {what}.")
    for name in foreign[:5]:
        print(f"{wheels[-1].name} holds {name}, which does not belong there.")
    if not missing and not foreign:
        print(f"{wheels[-1].name}: {len(names)} files, front end included.")
    return 1 if missing or foreign else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
