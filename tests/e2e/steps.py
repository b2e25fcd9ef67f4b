"""What people do again and again in front of the browser."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect


def start_approval(page: Page, number: str) -> None:
    """From anywhere to the first task of an offer's approval."""
    page.get_by_role("link", name="Offers").click()
    page.get_by_role("link", name=number).click()
    page.get_by_role("button", name="Start approval").click()
    expect(page.get_by_role("heading", name="Prepare offer", level=1)).to_be_visible()


def attach(page: Page, file: Path) -> str:
    """Upload a file with the task that is open, and see it in the list; each time with bytes that are not filed yet.

    Their digest.
    """
    content = file.read_bytes() + f"\n% {uuid4()}\n".encode()
    choose(page, file.name, content)
    expect(page.locator("#task-documents .doc-name", has_text=file.stem)).to_be_visible()
    return hashlib.sha256(content).hexdigest()


def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file in the drop zone of the page."""
    payload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator("[data-upload] input[type=file]").set_input_files(payload)


def fill_request(page: Page) -> None:
    """Fill the form of the first task."""
    page.get_by_label("Payment term, days").fill("14")
    page.get_by_label("Note to the approvers").fill("The customer asked for an answer before Friday.")


def complete(page: Page) -> None:
    """Complete the task that is open; the inbox follows."""
    page.get_by_role("button", name="Complete task").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
