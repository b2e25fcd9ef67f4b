"""Regular expressions of XPath, as `matches`, `replace` and `split` take them."""

import re
from functools import lru_cache

from engine.feel.errors import Fault
from engine.feel.run import Run

_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}


class Pattern:
    """One pattern with its flags."""

    def __init__(self, pattern: str, flags: str) -> None:
        try:
            self._expression = re.compile(pattern, sum(_FLAGS.get(flag, 0) for flag in flags))
        except re.error:
            raise Fault("The pattern is wrong.") from None

    def occurs(self, _run: Run, subject: str) -> bool:
        """Whether the pattern occurs somewhere."""
        return self._expression.search(subject) is not None

    def replace(self, _run: Run, subject: str, replacement: str) -> str:
        """The subject with every match replaced."""
        return self._expression.sub(re.sub(r"\$(\d)", r"\\\1", replacement), subject)

    def split(self, _run: Run, subject: str) -> list[str]:
        """The parts between the matches."""
        return self._expression.split(subject)


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Pattern:
    """The pattern, cached; raises Fault."""
    return Pattern(pattern, flags)
