"""The tables of accounts, their roles, tokens, second factors, log-ins and failed attempts."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

NAME_LENGTH = 64  # characters
KEY_LENGTH = 255  # of a process
DIGEST = String(64, collation="C")  # SHA-256 in hexadecimal


class AccountRow(Base):
    """A person or a program; `name` is the log-in, stands in the trail and never changes."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_email_lower", text("lower(email)")),)  # mail is looked up whatever its capitals

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    team: Mapped[str | None] = mapped_column(String(NAME_LENGTH, collation="C"), ForeignKey("team.name"), index=True)


class TeamRow(Base):
    """People who look after customers together; a department is a team that others belong to.

    `head` sees what the people of the team and of the teams below it have to do.
    """

    __tablename__ = "team"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    department: Mapped[str | None] = mapped_column(
        String(NAME_LENGTH, collation="C"), ForeignKey("team.name"), index=True
    )
    head: Mapped[str | None] = mapped_column(
        String(NAME_LENGTH, collation="C"), ForeignKey("account.name", use_alter=True), index=True
    )


class RoleScopeRow(Base):
    """How far a right of a role reaches; what is not written here reaches everything."""

    __tablename__ = "role_scope"

    role: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), primary_key=True)
    scope: Mapped[str] = mapped_column(String(16))


class AccountRoleRow(Base):
    """One role of one account; a role is a group that tasks are offered to and a set of rights."""

    __tablename__ = "account_role"

    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(NAME_LENGTH, collation="C"), primary_key=True, index=True)


class ApiTokenRow(Base):
    """A token of a program; the token itself is shown once and only its digest is kept.

    `scopes` are the rights that it is limited to; without them it has all that the account has.
    """

    __tablename__ = "api_token"

    id: Mapped[IdKey]
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(200))
    prefix: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(String(NAME_LENGTH, collation="C")))


class LogInRow(Base):
    """A browser that somebody logged in with; ending it here ends it at the next request, whatever its cookie says."""

    __tablename__ = "account_login"
    __table_args__ = (Index(None, "account_id", "ended_at"),)

    id: Mapped[IdKey]
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"))
    address: Mapped[str | None] = mapped_column(String(64))
    browser: Mapped[str | None] = mapped_column(String(200))
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class EmergencyAccessRow(Base):
    """Somebody opened what they have no right to see: why, and from when until when."""

    __tablename__ = "emergency_access"
    __table_args__ = (Index(None, "account_id", "ends_at"),)

    id: Mapped[IdKey]
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(500))
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # moved forward when it is ended before its time


class SubstitutionRow(Base):
    """Somebody does an absent colleague's tasks, from when until when.

    `roles` are the colleague's groups whose tasks go over, `processes` the keys of the processes; empty means all.
    """

    __tablename__ = "substitution"
    __table_args__ = (Index(None, "deputy_id", "ends_at"), Index(None, "person_id", "ends_at"))

    id: Mapped[IdKey]
    person_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"))
    deputy_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(NAME_LENGTH, collation="C")))
    processes: Mapped[list[str]] = mapped_column(ARRAY(String(KEY_LENGTH, collation="C")))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # moved forward when it is ended before its time


class LogInFailureRow(Base):
    """Failures in a row under one name or from one address; the key is a digest, so that no typed secret is kept."""

    __tablename__ = "account_login_failure"

    key: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class SecondFactorRow(Base):
    """The secret that an account's second device shares (RFC 6238), sealed; it holds from its confirmation on."""

    __tablename__ = "account_second_factor"

    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[str] = mapped_column(String(255))
    last_step: Mapped[int] = mapped_column(BigInteger)  # the newest code that was used: no code works twice
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCodeRow(Base):
    """A code that stands in for a lost device, once."""

    __tablename__ = "account_recovery_code"

    account_id: Mapped[str] = mapped_column(ID, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    used_at: Mapped[datetime | None]
