"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="planner_task", title="Task", folder=Path(__file__).parent)
