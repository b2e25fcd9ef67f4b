"""The receivers of webhooks over HTTP: public addresses only, but for hosts of the firm that a setting names."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cached_property

from core.settings import Settings
from webapp.operations.network import AddressRefused, Answer, Network, Request, WebClient, is_named, parts_of

SECONDS = 15
LARGEST_ANSWER = 1 << 20  # bytes


class Receivers:
    """Calls the address of a webhook.

    The name is resolved at each call, every address that it has is checked, and the connection goes to the address that
    was checked; no redirect is followed.
    """

    def __init__(
        self, settings: Settings, *, network: Network | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        self._inside = settings.webhook_hosts
        self._network = network
        self._given_context = context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Reading the roots that are believed takes 50 ms, so it is done once."""
        return self._given_context or ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, whatever its status. Raises `AddressRefused`, `AnswerRefused`, `ServerAway`."""
        parts = parts_of(url)
        is_inside = is_named(self._inside, parts)
        if parts.scheme != "https" and not is_inside:
            raise AddressRefused("The address must begin with https://, or its host be named in OBIEG_WEBHOOK_HOSTS.")
        client = WebClient(
            [f"{parts.scheme}://{parts.netloc}"],
            largest=LARGEST_ANSWER,
            network=self._network,
            context=self._context if parts.scheme == "https" else None,
            inside=is_inside,
        )
        return client.send(Request(method="POST", url=url, private=headers, body=body, seconds=SECONDS))
