"""Collects overdue invoices, one case each: reminders, a call, demands, and the lawyer at the end."""

from processes.dunning import (
    copies,
    dispatching,
    handlers,
    models,
    nightly,
    notices,
    stand_ins,
)  # importing registers what they define
from processes.dunning.package import PACKAGE

__all__ = ["PACKAGE", "copies", "dispatching", "handlers", "models", "nightly", "notices", "stand_ins"]
