"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="leave_request", title="Leave request", folder=Path(__file__).parent)
