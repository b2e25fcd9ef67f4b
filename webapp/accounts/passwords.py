"""Pass-words: argon2id hashes, the rules for new ones, and a check that takes as long for unknown names."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput

SHORTEST = 10  # characters
LONGEST = 256  # characters; hashing a book is an attack
# OWASP's password storage cheat sheet: argon2id with 19 MiB, two passes, one lane; a log-in costs about 30 ms
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str, *, name: str) -> str:
    """The hash to keep. Raises `InvalidInput` when the pass-word is too weak to be one."""
    problem = _problem(password, name)
    if problem is not None:
        raise InvalidInput(problem, fields={"/password": problem})
    return HASHER.hash(password)


def _problem(password: str, name: str) -> str | None:
    if len(password) < SHORTEST:
        return f"The password has {len(password)} characters; it needs at least {SHORTEST}."
    if len(password) > LONGEST:
        return f"The password has {len(password)} characters; {LONGEST} is the most."
    if name.lower() in password.lower():
        return "The password contains the name that it belongs to; choose another one."
    if len(set(password)) < 4:
        return "The password repeats a few characters only; choose another one."
    return None


def is_right(password: str, stored: str | None) -> bool:
    """Whether the pass-word has this hash; without a hash it takes as long and is wrong."""
    try:
        HASHER.verify(stored or _nobody(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobody() -> str:
    return HASHER.hash("nobody has this password")


class KeptPasswords:
    """Keeps passwords of others than people with accounts in the same way."""

    def hashed(self, password: str, *, name: str) -> str:
        """The hash to keep. Raises `InvalidInput` when the password is too weak."""
        return hashed(password, name=name)

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether the password has this hash."""
        return is_right(password, stored)
