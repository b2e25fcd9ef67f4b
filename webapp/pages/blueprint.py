"""The blueprint that all pages hang on."""

from typing import Any

from flask import Blueprint, render_template, request

from webapp.web import view

blueprint = Blueprint("pages", __name__)
MOST = 40  # rows of a list until "Show more"


def is_continuation() -> bool:
    """Whether the browser asks for the next rows of a list that it shows already."""
    return "HX-Request" in request.headers and bool(request.args.get("after"))


def answer(template: str, rows: str, **values: Any) -> str:
    """A list's page, or only its next rows when the browser has the rest."""
    return render_template(rows if is_continuation() else template, **values)


def asked(name: str) -> str:
    """A value of the address, without spaces around it, empty when it is missing."""
    return request.args.get(name, "").strip()


__all__ = ["MOST", "answer", "asked", "blueprint", "is_continuation", "view"]
