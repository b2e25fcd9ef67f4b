"""Secrets and signatures of webhooks, as Standard Webhooks describes them (standardwebhooks.com, symmetric, v1)."""

import base64
import hmac
import secrets
from collections.abc import Sequence

from webapp.accounts.sealing import Sealing

MARK = "whsec_"  # lets secret scanners recognise a leaked one
LENGTH = 32  # bytes


class WebhookSealing(Sealing):
    """Keeps the secrets of webhooks unreadable for whoever has the database alone."""

    purpose = b"obieg: secrets of webhooks"
    broken = (
        "The secret of the webhook cannot be opened: the installation's secret key was changed. "
        "An administrator makes a new secret on the page of the webhook and gives it to the receiver."
    )


def new_secret() -> str:
    """A fresh secret, as receivers are given it."""
    return MARK + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def signature(keys: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 of id, time and body, once for each secret that holds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (hmac.digest(base64.b64decode(each.removeprefix(MARK)), signed, "sha256") for each in keys)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made)
