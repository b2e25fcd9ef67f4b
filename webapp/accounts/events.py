"""What happens to accounts, as the trail tells it."""

from dataclasses import dataclass
from typing import ClassVar

from core.messages import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent(Event):
    """Anything that happened to one account."""

    account_id: str

    @property
    def stream(self) -> str:
        """One chain per account."""
        return f"account:{self.account_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdded(AccountEvent):
    """Somebody new may come in."""

    type: ClassVar[str] = "account.added"
    personal: ClassVar[frozenset[str]] = frozenset({"display_name"})
    name: str
    display_name: str
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesSet(AccountEvent):
    """The roles of an account are now these."""

    type: ClassVar[str] = "account.roles_set"
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet(AccountEvent):
    """An account has a new pass-word; its browsers were logged out."""

    type: ClassVar[str] = "account.password_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClosed(AccountEvent):
    """An account cannot be used any more."""

    type: ClassVar[str] = "account.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated(AccountEvent):
    """A program may act as the account with a new token."""

    type: ClassVar[str] = "account.token_created"
    token_id: str
    label: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(AccountEvent):
    """A token is of no use any more."""

    type: ClassVar[str] = "account.token_revoked"
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn(AccountEvent):
    """Somebody logged in with a browser."""

    type: ClassVar[str] = "account.logged_in"
    personal: ClassVar[frozenset[str]] = frozenset({"address"})
    log_in_id: str
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut(AccountEvent):
    """Somebody logged out."""

    type: ClassVar[str] = "account.logged_out"
    log_in_id: str
