"""Tickets: what customers ask, suggest and lack, by mail, web or phone, from the first word to the last."""

from processes.helpdesk import handlers, news, stand_ins  # noqa: F401 -- registers handlers and jobs
from processes.helpdesk.package import PACKAGE

__all__ = ["PACKAGE"]
