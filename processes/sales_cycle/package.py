"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="sales_cycle", title="Sales cycle", folder=Path(__file__).parent)
