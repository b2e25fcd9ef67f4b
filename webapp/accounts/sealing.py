"""Secrets that must be read again are sealed before they reach the database: with a copy of it alone, none opens."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Unavailable


class SealBroken(Unavailable):
    """A sealed secret does not open: the installation's secret key is another one than it was."""

    code = "seal_broken"


class Sealing:
    """Seals with a key derived from the installation's secret key (HKDF, RFC 5869; Fernet), one for each purpose."""

    purpose = b"obieg: secrets of accounts"
    broken = (
        "The secret of the second factor cannot be opened: the installation's secret key was changed. "
        "An administrator must take the second factor away; it is set up anew then."
    )

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=self.purpose).derive(secret_key.encode())
        self._box = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, secret: bytes) -> str:
        """What may be kept in the database."""
        return self._box.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        """The secret again. Raises `SealBroken`."""
        try:
            return self._box.decrypt(sealed.encode())
        except InvalidToken:
            raise SealBroken(self.broken) from None
