"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="document_review", title="Document review", folder=Path(__file__).parent)
