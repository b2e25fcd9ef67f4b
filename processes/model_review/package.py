"""Where the files of this package are."""

from pathlib import Path

from processes.package import Package

PACKAGE = Package(key="model_review", title="Model review", folder=Path(__file__).parent)
