"""How often one address may ask for what needs no log-in; each process counts for itself, which is enough."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from core.errors import DomainError

SPAN = timedelta(minutes=1)
MOST_KNOWN = 10_000  # addresses that are remembered


class TooManyRequests(DomainError):
    """Somebody asks too often; `details["retry_after"]` says how many seconds to wait."""

    code = "too_many_requests"


class RateLimit:
    """At most so many requests in a minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def check(self, who: str, now: datetime) -> None:
        """Count a request. Raises `TooManyRequests`."""
        with self._lock:
            if len(self._seen) >= MOST_KNOWN:
                self._seen = {name: times for name, times in self._seen.items() if times and times[-1] > now - SPAN}
            times = self._seen.setdefault(who, deque(maxlen=self._most))
            while times and times[0] <= now - SPAN:
                times.popleft()
            if len(times) >= self._most:
                wait = int((times[0] + SPAN - now).total_seconds()) + 1
                raise TooManyRequests(f"Too many requests. Try again in {wait} seconds.", retry_after=wait)
            times.append(now)
