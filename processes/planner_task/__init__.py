"""A task that somebody gives to a person or a group; a supervisor may verify it or return it."""

from processes.planner_task.package import PACKAGE

__all__ = ["PACKAGE"]
