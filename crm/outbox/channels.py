"""The port behind which channels are: what each is given, and what it gives back as proof."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from core.records import dataclass
from crm.outbox.errors import ChannelRefused

__all__ = ["Channel", "ChannelRefused", "Channels", "File", "Parcel", "Receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes with a message."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message on its way out; `key` stays the same however often it is tried."""

    id: str
    key: str
    channel: str
    recipient: str
    recipient_name: str
    subject: str
    text: str = field(repr=False)
    envelope: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[File] = ()
    at: datetime
    secret: str | None = field(default=None, repr=False)  # what {link} in the text becomes for the recipient alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the other side says; `copy` is the message as it is filed, `digest` that of what was sent."""

    outside_id: str | None
    answer: str
    digest: str
    refused: tuple[str, ...] = ()
    copy: bytes | None = field(default=None, repr=False)
    segments: int | None = None


class Channel(Protocol):
    """A way out of the firm."""

    def send(self, parcel: Parcel) -> Receipt:
        """Give the message to the other side.

        Raises `ChannelRefused` for good, `Unavailable` when another try may go well, and another `DomainError` when
        an administrator must set something right first.
        """


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of an installation by their names."""

    by_name: Mapping[str, Channel]
