"""Repairs a device, under warranty or not: receive, diagnose, ask for consent, repair, test, hand back."""

from processes.service_repair import closing, intake, quotes, stand_ins, telling, verdicts, work  # registers all tasks
from processes.service_repair.package import PACKAGE

__all__ = ["PACKAGE", "closing", "intake", "quotes", "stand_ins", "telling", "verdicts", "work"]
