"""The REST API under /api/v1."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the routes of the API."""
