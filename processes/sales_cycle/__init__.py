"""Follows an opportunity from the first enquiry to the order: qualify, offer, negotiate, win or lose."""

from processes.sales_cycle import handlers, stand_ins  # importing registers the service tasks
from processes.sales_cycle.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "stand_ins"]
