"""What visits need of others; the composition root fills it."""

from typing import Protocol


class VisitTokens(Protocol):
    """Signs what a link in a mail carries, so that the site can say who came by it."""

    def token(self, contact_id: str) -> str:
        """The token of a person: always the same one."""

    def contact(self, token: str) -> str | None:
        """The person that a token belongs to; None when we have not signed it."""
