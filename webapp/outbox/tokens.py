"""Signed tokens of links that work without a log-in; the signature alone opens nothing: the link's row decides."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from core.errors import DomainError
from core.ids import is_id

VISITOR = "web-visitor"
LONGEST = 300  # characters


class AddressNotSetUp(DomainError):
    """Nobody outside knows where this installation is."""

    code = "address_not_set_up"


class SignedVisitors:
    """Signs who a link in a mail is for, so that the web site can say who came by it."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt=VISITOR)

    def token(self, contact_id: str) -> str:
        """The token of a person: always the same one."""
        return str(self._serializer.dumps(contact_id))

    def contact(self, token: str) -> str | None:
        """The person, None for anything that we have not signed."""
        return _signed(self._serializer, token)


class SignedTokens:
    """Signs by the installation's secret key."""

    salt = "offer-answer"  # a token for one purpose is no token for another
    path = "answer"

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt=self.salt)
        self._public_url = public_url.rstrip("/")

    def token(self, link_id: str) -> str:
        """The token of a link: always the same one."""
        return str(self._serializer.dumps(link_id))

    def address(self, token: str) -> str:
        """Raises `AddressNotSetUp`."""
        if not self._public_url:
            raise AddressNotSetUp(
                "Links for customers cannot be made: an administrator sets OBIEG_PUBLIC_URL to the address under which "
                "customers reach this installation."
            )
        return f"{self._public_url}/{self.path}/{token}"

    def link(self, token: str) -> str | None:
        """The link, None for anything that we have not signed."""
        return _signed(self._serializer, token)


def _signed(serializer: URLSafeSerializer, token: str) -> str | None:
    """The id that was signed."""
    if len(token) > LONGEST:
        return None
    try:
        found = serializer.loads(token)
    except BadSignature:
        return None
    return found if isinstance(found, str) and is_id(found) else None
