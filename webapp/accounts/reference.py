"""The reference of roles, rights and commands, written from the code: `python -m webapp.accounts.reference`."""

from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from core.executor import REGISTRY
from webapp.accounts.roles import ROLE_PERMISSIONS

BESIDE = (  # modules with commands that are loaded where they are needed
    "crm.northwind",
    "crm.reorders",
    "crm.samples",
    "engine.choosing",
    "engine.conditions",
    "processes.dunning.news",
    "webapp.outbox.post",
)
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rights.md"
HEAD = """# Rights

Written by `python -m webapp.accounts.reference`; a test compares it with the code. What accounts are:
[accounts](accounts.md).

## Roles and the rights that they bring

A person with several roles has the rights of all. A role that is not named here is a group of tasks with the rights of
`technical_reviewer`. A right is further limited to what somebody is involved in, unless it ends in `_all`.

| role | rights |
|---|---|
"""
COMMANDS = """
What customers owe is for who has `customer.finance`, with one exception by need to know: whoever makes the calls of
dunning (`call.work`) sees in the queue and above such a call what that customer should have paid by now, in each
currency, and for how many days. They see no invoice, payment, limit or account by it, and nothing of customers whom
they call about something else.

## Rights, and the commands that ask for them

Every page, route and program runs these commands, and whoever lacks the right is answered with 403. A command under *by
what it is about* looks at the thing itself: whose it is, whom it is offered to, or one of several rights.

| right | roles | commands |
|---|---|---|
"""


def page() -> str:
    """The whole text."""
    from webapp.bootstrap import load_contexts  # late: it loads every command, and this module with them

    load_contexts()
    for module in BESIDE:
        import_module(module)
    commands: dict[str, list[str]] = defaultdict(list)
    for command in REGISTRY.commands():
        if not command.__module__.startswith("tests"):
            commands[REGISTRY.of(command).needs or ""].append(command.__name__)
    rights = sorted(frozenset().union(*ROLE_PERMISSIONS.values(), commands) - {""})
    roles = [f"| `{role}` | {_listed(ROLE_PERMISSIONS[role])} |" for role in sorted(ROLE_PERMISSIONS)]
    lines = [f"| `{right}` | {_listed(_roles(right))} | {_listed(commands[right])} |" for right in rights]
    free = f"| *by what it is about* | | {_listed(commands[''])} |"
    return HEAD + "\n".join(roles) + "\n" + COMMANDS + "\n".join([*lines, free]) + "\n"


def _roles(right: str) -> list[str]:
    return [role for role, some in ROLE_PERMISSIONS.items() if right in some]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
