"""Deferred handlers work in threads of their own, so that one that never comes back holds up nobody else's work."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import timedelta
from typing import TypeVar

from core.errors import Unavailable

MOST_SILENT = 4  # calls of one handler that may hang in one program; Python cannot end a thread
Answer = TypeVar("Answer")


class HandlerSilent(Unavailable):
    """A handler did not come back within its time."""

    code = "handler_silent"


class Patience:
    """Waits for handlers for as long as each may take."""

    def __init__(self) -> None:
        self._silent: dict[str, list[threading.Thread]] = {}
        self._lock = threading.Lock()

    def wait_for(self, name: str, work: Callable[[], Answer], limit: timedelta) -> Answer:
        """What the work of a handler gives, or raises. Raises `HandlerSilent` when it takes longer.

        Its thread is left alone then, and what it gives later goes nowhere. Of a handler that hangs too often no more
        calls begin before one comes back or the program starts anew.
        """
        self._refuse_many(name)
        answer: Future[Answer] = Future()
        context = contextvars.copy_context()

        def run() -> None:
            try:
                answer.set_result(context.run(work))
            except BaseException as error:  # noqa: BLE001 -- raised where the answer is waited for
                answer.set_exception(error)

        thread = threading.Thread(target=run, name=f"obieg-handler {name}", daemon=True)
        thread.start()
        wait([answer], limit.total_seconds())
        if not answer.done():
            with self._lock:
                self._silent.setdefault(name, []).append(thread)
            raise HandlerSilent(f"{name} did not come back within {limit.total_seconds():g} seconds.", handler=name)
        return answer.result()

    def _refuse_many(self, name: str) -> None:
        with self._lock:
            silent = [thread for thread in self._silent.pop(name, ()) if thread.is_alive()]
            if silent:
                self._silent[name] = silent
        if len(silent) >= MOST_SILENT:
            sentence = (
                f"{len(silent)} earlier calls of {name} still hang. Mend what it waits for, or start the worker anew."
            )
            raise HandlerSilent(sentence, handler=name)


PATIENCE = Patience()
