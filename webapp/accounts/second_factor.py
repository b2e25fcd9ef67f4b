"""The second factor: codes of a device that change every half minute (RFC 6238), and codes for when it is lost."""

import hashlib
import hmac
import re
import secrets
from dataclasses import field

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, exists, func, select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts.events import RecoveryCodeUsed, SecondFactorRemoved, SecondFactorSet
from webapp.accounts.models import AccountRow, RecoveryCodeRow, SecondFactorRow
from webapp.accounts.people import ADMINISTER, locked_account
from webapp.accounts.sealing import Sealing

ISSUER = "Obieg"
SECRET = 20  # bytes, as RFC 4226 recommends
DIGITS, PERIOD = 6, 30  # what every authenticator app understands; seconds
NEIGHBOURS = (-1, 0, 1)  # periods that a device's clock may be off by
RECOVERY_CODES = 10
RECOVERY_CODE = re.compile(r"[a-z2-7]{5}-[a-z2-7]{5}")
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class WrongCode(InvalidInput):
    """The code is not the one that the device shows now, or was used already."""

    code = "wrong_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginSecondFactor(Command):
    """Make a secret for one's own device; it holds when `ConfirmSecondFactor` has seen a code of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSecondFactor(Command):
    """Ask for the code at every log-in from now on. Returns the recovery codes, which are shown once."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSecondFactor(Command):
    """Ask for no code any more; of others only who administers accounts takes it away."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCode(Command):
    """Use up a code of somebody who logs in: of their device, or a recovery code. Raises `WrongCode`."""

    account_id: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that waits for its confirmation: as text to type, and as the address that a QR code carries."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


def has_second_factor(view: Reading, account_id: str) -> bool:
    """Whether a log-in asks for a code."""
    row = SecondFactorRow
    return bool(
        view.session.scalar(select(exists().where(row.account_id == account_id, row.confirmed_at.is_not(None))))
    )


def enrolment(view: Reading) -> Enrolment | None:
    """The asking person's secret that waits for its confirmation."""
    found = view.session.execute(
        select(SecondFactorRow.sealed_secret)
        .join(AccountRow, AccountRow.id == SecondFactorRow.account_id)
        .where(AccountRow.name == view.actor.id, SecondFactorRow.confirmed_at.is_(None))
    ).one_or_none()
    if found is None:
        return None
    address = _totp(view.port(Sealing).open(found.sealed_secret)).get_provisioning_uri(view.actor.id, ISSUER)
    secret = re.search(r"[?&]secret=([A-Z2-7]+)", address)
    return Enrolment("" if secret is None else secret[1], address)


def recovery_codes_left(view: Reading, account_id: str) -> int:
    """How many recovery codes were not used yet."""
    row = RecoveryCodeRow
    wanted = select(func.count()).where(row.account_id == account_id, row.used_at.is_(None))
    return view.session.scalar(wanted) or 0


@handles(BeginSecondFactor, needs=None)
def begin_second_factor(command: BeginSecondFactor, unit: UnitOfWork) -> None:
    """Keep a fresh secret, sealed. Raises `Conflict` where a second factor is set up already."""
    del command
    account = locked_account(unit.actor.id, unit)
    row = unit.session.get(SecondFactorRow, account.id, with_for_update=True)
    if row is not None and row.confirmed_at is not None:
        raise Conflict("You have a second factor already; take it away first, then set up another one.")
    if row is None:
        row = SecondFactorRow(account_id=account.id, sealed_secret="", last_step=0, created_at=unit.clock.now())
        unit.session.add(row)
    row.sealed_secret = unit.port(Sealing).seal(secrets.token_bytes(SECRET))
    row.created_at = unit.clock.now()


@handles(ConfirmSecondFactor, needs=None)
def confirm_second_factor(command: ConfirmSecondFactor, unit: UnitOfWork) -> tuple[str, ...]:
    """See that the device shows the right codes, and make recovery codes. Raises `WrongCode`, `Conflict`."""
    account = locked_account(unit.actor.id, unit)
    row = unit.session.get(SecondFactorRow, account.id, with_for_update=True)
    if row is None or row.confirmed_at is not None:
        raise Conflict("No second factor waits for its confirmation; begin anew.")
    if not _spend_step(row, command.code, unit):
        raise _wrong()
    row.confirmed_at = unit.clock.now()
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    unit.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account.id))
    unit.session.add_all(RecoveryCodeRow(account_id=account.id, digest=_digest(account.id, each)) for each in codes)
    unit.emit(SecondFactorSet(account_id=account.id))
    return codes


@handles(RemoveSecondFactor, needs=None)
def remove_second_factor(command: RemoveSecondFactor, unit: UnitOfWork) -> None:
    """Forget secret and recovery codes. Raises `Forbidden`, `NotFound`."""
    if command.name != unit.actor.id and not unit.actor.may(ADMINISTER):
        raise Forbidden("Only who administers accounts takes away the second factor of others.", permission=ADMINISTER)
    account = locked_account(command.name, unit)
    row = unit.session.get(SecondFactorRow, account.id, with_for_update=True)
    if row is None:
        raise NotFound(f"{account.name} has no second factor.", name=account.name)
    was_set = row.confirmed_at is not None
    unit.session.delete(row)
    unit.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account.id))
    if was_set:
        unit.emit(SecondFactorRemoved(account_id=account.id))


@handles(SpendCode, needs=None)
def spend_code(command: SpendCode, unit: UnitOfWork) -> None:
    """Two log-ins never use one code: the row is locked while it is compared."""
    row = unit.session.get(SecondFactorRow, command.account_id, with_for_update=True, populate_existing=True)
    if row is None or row.confirmed_at is None:
        raise _wrong()
    typed = command.code.strip().lower()
    if RECOVERY_CODE.fullmatch(typed):
        _spend_recovery_code(command.account_id, typed, unit)
    elif not _spend_step(row, typed, unit):
        raise _wrong()


def _spend_step(row: SecondFactorRow, typed: str, unit: UnitOfWork) -> bool:
    digits = re.sub(r"\s", "", typed)
    if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits):
        return False
    device = _totp(unit.port(Sealing).open(row.sealed_secret))
    now = int(unit.clock.now().timestamp()) // PERIOD
    for step in (now + each for each in NEIGHBOURS):
        if step > row.last_step and hmac.compare_digest(device.generate(step * PERIOD), digits.encode()):
            row.last_step = step
            return True
    return False


def _spend_recovery_code(account_id: str, typed: str, unit: UnitOfWork) -> None:
    key = {"account_id": account_id, "digest": _digest(account_id, typed)}
    code = unit.session.get(RecoveryCodeRow, key, with_for_update=True)
    if code is None or code.used_at is not None:
        raise _wrong()
    code.used_at = unit.clock.now()
    unit.session.flush()
    unit.emit(RecoveryCodeUsed(account_id=account_id, left=recovery_codes_left(unit, account_id)))


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), PERIOD)  # noqa: S303 -- what the RFC and every app use; HMAC-SHA-1 holds


def _recovery_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _digest(account_id: str, code: str) -> str:
    """Its 50 random bits and the wait after failures need no slow hash; the account keeps equal codes apart."""
    return hashlib.sha256(f"{account_id}:{code}".encode()).hexdigest()


def _wrong() -> WrongCode:
    return WrongCode("This code is not right, or was used already. Wait for the next one and type it in.")
