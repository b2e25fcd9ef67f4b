"""What happens to accounts, as the trail tells it."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


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
class ProfileSet(AccountEvent):
    """What others see of an account."""

    type: ClassVar[str] = "account.profile_set"
    personal: ClassVar[frozenset[str]] = frozenset({"display_name", "email"})
    display_name: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClosed(AccountEvent):
    """An account cannot be used any more."""

    type: ClassVar[str] = "account.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReopened(AccountEvent):
    """A closed account can be used again."""

    type: ClassVar[str] = "account.reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorSet(AccountEvent):
    """Log-ins ask for a code of a second device from now on."""

    type: ClassVar[str] = "account.second_factor_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRemoved(AccountEvent):
    """Log-ins ask for the pass-word alone again."""

    type: ClassVar[str] = "account.second_factor_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(AccountEvent):
    """Somebody logged in without the second device; so many codes are left for that."""

    type: ClassVar[str] = "account.recovery_code_used"
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated(AccountEvent):
    """A program may act as the account with a new token."""

    type: ClassVar[str] = "account.token_created"
    token_id: str
    label: str
    prefix: str
    scopes: list[str]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstitutionArranged(AccountEvent):
    """Somebody does the tasks of the account's person for a time; no roles or processes: all of them."""

    type: ClassVar[str] = "account.substitution_arranged"
    substitution_id: str
    person: str
    deputy: str
    roles: list[str]
    processes: list[str]
    starts_at: str
    ends_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstitutionEnded(AccountEvent):
    """A substitution ended before its time, or was called off."""

    type: ClassVar[str] = "account.substitution_ended"
    substitution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAccessOpened(AccountEvent):
    """Somebody sees everything until then, beyond their own rights."""

    type: ClassVar[str] = "account.emergency_access_opened"
    emergency_id: str
    reason: str
    ends_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAccessEnded(AccountEvent):
    """Somebody gave such access back before its end."""

    type: ClassVar[str] = "account.emergency_access_ended"
    emergency_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopesSet(Event):
    """Rights of a role reach further than before, or less far: `changes` maps each to what it was and what it is."""

    type: ClassVar[str] = "account.scopes_set"
    role: str
    changes: dict[str, list[str]]

    @property
    def stream(self) -> str:
        """One chain per role."""
        return f"role:{self.role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEvent(Event):
    """Anything that happened to one team."""

    team: str
    title: str

    @property
    def stream(self) -> str:
        """One chain per team."""
        return f"team:{self.team}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSet(TeamEvent):
    """A team is there, called so, belonging to that department and led by that person."""

    type: ClassVar[str] = "account.team_set"
    department: str | None
    head: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamDropped(TeamEvent):
    """A team was given up."""

    type: ClassVar[str] = "account.team_dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInTeam(AccountEvent):
    """An account is in this team now, or in none."""

    type: ClassVar[str] = "account.team_changed"
    team: str | None
