"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="dunning", title="Dunning", folder=Path(__file__).parent)
