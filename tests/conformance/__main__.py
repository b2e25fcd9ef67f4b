"""Runs every conformance suite that is found in a folder: python -m tests.conformance FOLDER."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["SUITES"] = sys.argv[1]
    suites = sorted(
        each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)]) if each.name.endswith("_suite")
    )
    sys.exit(max(importlib.import_module(f"tests.conformance.{name}").main() for name in suites))
