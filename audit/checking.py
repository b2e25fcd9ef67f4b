"""Checks everything: chains in a process of their own beside the log, since a long trail keeps two processors busy."""

import multiprocessing
from collections.abc import Iterable
from multiprocessing.connection import Connection as Pipe

from audit.checkpoints import log_size
from audit.tree_check import check_log
from audit.verify import Finding, Progress, check_chains, require_auditor
from audit.walking_apart import tell_chains
from core.errors import Unavailable
from storage.unit_of_work import Reading

ALONE = 20_000  # entries below which another process would cost more than it saves


def check_everything(
    view: Reading, published: Iterable[str] = (), progress: Progress | None = None, *, alone: int = ALONE
) -> list[Finding]:
    """Findings about chains and personal values, then those about the log, checkpoints and keys.

    `progress` is told of both halves together. Needs `audit.read`; raises `Forbidden`, `Unavailable`.
    """
    require_auditor(view)
    tell = progress or _silent
    connection = view.session.connection()
    size = log_size(connection)
    if size < alone:
        chains = check_chains(view, lambda done, total: tell(done, total * 2))
        return chains + check_log(view, published, lambda done, total: tell(total + done, total * 2))
    url = connection.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    fresh = multiprocessing.get_context("spawn")
    here, there = fresh.Pipe(duplex=False)
    helper = fresh.Process(target=tell_chains, args=(url, there), daemon=True)
    helper.start()
    there.close()
    other = _Other(here)

    def told(done: int, total: int) -> None:
        while other.result is None and here.poll():
            other.hear()
        tell(min(other.done, total) + done, total * 2)

    try:
        log = check_log(view, published, told)
        while other.result is None:
            other.hear()
            tell(size + min(other.done, size), size * 2)
        tell(size * 2, size * 2)
        return _found(other.result) + log
    finally:
        here.close()
        helper.kill()
        helper.join()


class _Other:
    """What the other process has said: how far it is; at the end its findings, or a sentence."""

    def __init__(self, here: Pipe) -> None:
        self._here = here
        self.done = 0
        self.result: list[Finding] | str | None = None

    def hear(self) -> None:
        """Wait for what it says next. Raises `Unavailable`."""
        try:
            said = self._here.recv()
        except (EOFError, OSError) as error:
            raise Unavailable("The process that checks the chains has ended early. Check again.") from error
        if isinstance(said, int):
            self.done = said
        else:
            self.result = said


def _found(result: list[Finding] | str) -> list[Finding]:
    if isinstance(result, str):
        raise Unavailable(result)
    return result


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
