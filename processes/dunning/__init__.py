"""Collects overdue invoices, one case each: reminders, a call, demands, and the lawyer at the end."""

from processes.dunning import handlers, models, nightly, printing, stand_ins  # importing registers what they define
from processes.dunning.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "models", "nightly", "printing", "stand_ins"]
