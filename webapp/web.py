"""What routes and pages use: run a command, read, and ask who is there; nothing else touches the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import current_app, g

from core.identity import Actor
from core.messages import Command
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading
from webapp.auth import current_actor, maybe_actor
from webapp.bootstrap import Application

__all__ = ["application", "blobs", "current_actor", "maybe_actor", "run", "run_as", "view"]


def application() -> Application:
    """The application that this request is served by."""
    return cast("Application", current_app.extensions["obieg"])


def run(command: Command) -> Any:
    """Execute a command as whoever sent the request; returns what the command's function returns."""
    return run_as(current_actor(), command)


def run_as(actor: Actor, command: Command) -> Any:
    """Execute a command as somebody else, such as `SYSTEM`."""
    answer = application().executor.execute(command, actor=actor)
    g.has_saved = True  # whatever fails from here on must not say that nothing was changed
    return answer


@contextmanager
def view(actor: Actor | None = None) -> Iterator[Reading]:
    """A read-only view for queries as whoever sent the request."""
    with application().units.reading(actor or current_actor()) as reading:
        yield reading


def blobs() -> BlobStore:
    """Where content lives."""
    return application().blobs
