"""Greets people on birthdays and firms on anniversaries: a message, a card or a call, once a year."""

from processes.greeting import handlers, occasions, stand_ins  # importing registers the service tasks and jobs
from processes.greeting.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "occasions", "stand_ins"]
