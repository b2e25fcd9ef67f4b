"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="offer_approval", title="Offer approval", folder=Path(__file__).parent)
