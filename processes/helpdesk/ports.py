"""What tickets need of others: signed links for customers."""

from typing import Protocol


class TicketLinks(Protocol):
    """Signs what links of tickets consist of."""

    def token(self, link_id: str) -> str:
        """The token of a link: always the same one."""

    def address(self, token: str) -> str:
        """The whole address of the page behind a token. Raises `DomainError` where none is set up."""

    def link(self, token: str) -> str | None:
        """The link that a token belongs to; None when we have not signed it."""
