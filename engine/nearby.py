"""Finds the processes and global tasks of some folders that a diagram may call; only when one is asked for."""

from collections.abc import Sequence
from pathlib import Path

from engine.bpmn import Known, check_bpmn
from engine.runtime import Program, load


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The regular files in a folder, however deep: no folders with such a name, no pipes, no links to nothing."""
    return sorted(each for each in folder.rglob(pattern) if each.is_file())


class Nearby:
    """What can be called by its key; a file that would be refused has nothing that could be."""

    def __init__(self, folders: Sequence[Path], known: Known) -> None:
        self._folders = folders
        self._known = known
        self._contents: dict[Path, bytes] | None = None
        self._found: dict[str, Program | None] = {}

    def __call__(self, key: str) -> Program | None:
        """The process of this key, None when no file has it."""
        if key not in self._found:
            self._found[key] = self._search(key)
        return self._found[key]

    def _search(self, key: str) -> Program | None:
        if self._contents is None:
            self._contents = {
                path: path.read_bytes() for folder in self._folders for path in files_in(folder, "*.bpmn")
            }
        for path, content in self._contents.items():
            if key.encode() not in content:
                continue
            checked = check_bpmn(path.name, content, self._known)
            for process in checked.processes:
                if process.id == key and not checked.findings.refuses:
                    return load(process)
        return None
