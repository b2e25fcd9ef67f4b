"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="helpdesk", title="Help desk", folder=Path(__file__).parent)
