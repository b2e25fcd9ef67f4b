"""Cases that stay in memory between commands, so that the next one need not restore them."""

import threading
from collections import OrderedDict

from engine.runtime import Case

LIVE_CASES = 500  # cases kept in memory


class _LiveCases:
    """Cases in memory by instance and revision; taken out while a unit works with them."""

    def __init__(self) -> None:
        self._cases: OrderedDict[tuple[str, int], Case] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: tuple[str, int]) -> Case | None:
        with self._lock:
            return self._cases.pop(key, None)

    def clear(self) -> None:
        """Forget everything, as a restart does."""
        with self._lock:
            self._cases.clear()

    def keep(self, key: tuple[str, int], case: Case) -> None:
        with self._lock:
            self._cases[key] = case
            if len(self._cases) > LIVE_CASES:
                self._cases.popitem(last=False)


live_cases = _LiveCases()
