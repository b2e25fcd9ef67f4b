"""Asks for leave: a rule or a manager decides; the tutorial builds this process."""

from processes.leave_request.package import PACKAGE

__all__ = ["PACKAGE"]
