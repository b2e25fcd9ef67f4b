"""Follows an opportunity from the first enquiry to the order: qualify, offer, negotiate, win or lose."""

from processes.sales_cycle import (
    handlers,
    models,
    notices,
    opportunities,
    stand_ins,
)  # importing registers what they define
from processes.sales_cycle.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "models", "notices", "opportunities", "stand_ins"]
