"""Decides whether an offer may go to the customer: who must agree, level by level, and the sheet that proves it."""

from processes.offer_approval import handlers, parameters, sending, stand_ins  # importing registers the service tasks
from processes.offer_approval.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "parameters", "sending", "stand_ins"]
