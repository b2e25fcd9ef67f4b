"""What to do where something that a test needs is not installed."""

import os

import pytest


def missing(backend: str, reason: str) -> None:
    """Fail where the whole suite must run, and say why a test does not run elsewhere."""
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"{backend} is missing: {reason}")
    pytest.skip(f"{backend} is missing: {reason}")
