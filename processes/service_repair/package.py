"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="service_repair", title="Service repair", folder=Path(__file__).parent)
