"""Secrets by name: one file each in a folder that an administrator fills; never a variable, never a line of the log."""

import re
from pathlib import Path
from typing import Protocol

from core.errors import DomainError

LARGEST = 1 << 14  # characters
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class SecretMissing(DomainError):
    """There is no secret of that name."""

    code = "secret_missing"


class Secrets(Protocol):
    """What operations ask for by name."""

    def of(self, name: str) -> str:
        """The secret. Raises `SecretMissing`."""


class SecretFolder:
    """Files of a folder; each is read when it is needed, so that a new one holds at once."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def of(self, name: str) -> str:
        """The content of the file of that name, without the line's end."""
        if self._folder is None:
            raise SecretMissing("There are no secrets here; an administrator sets OBIEG_SECRETS to a folder with them.")
        if not _NAME.fullmatch(name):
            raise SecretMissing("The name of a secret has letters, digits, - and _ only.")
        try:
            content = (self._folder / name).read_text(encoding="utf-8")[:LARGEST].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(f"There is no secret {name}; an administrator puts it into the folder.") from error
        if not content or not content.isprintable():
            raise SecretMissing(f"The secret {name} is empty or has more than one line.")
        return content
