"""Who does something: a person, a program with a token, or the system itself."""

from dataclasses import field

from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Whose tasks somebody does as long as that person is away.

    `person` is the absent one; `names` are those under which that person's tasks are offered (`user:…`, `group:…`);
    `processes` are the keys of the processes that it is limited to, empty for all. It brings tasks and the cases that
    they belong to, none of the person's rights.
    """

    person: str
    names: tuple[str, ...]
    processes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose records a right reaches: those that one of these people or teams looks after; nobody's when all are empty.

    `people` are log-in names; `customers` are ids of those that are reached whoever looks after them, because somebody
    has an open task about them.
    """

    people: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    def __or__(self, other: "Reach") -> "Reach":
        return Reach(
            people=self.people | other.people,
            teams=self.teams | other.teams,
            customers=self.customers | other.customers,
        )

    def __and__(self, other: "Reach") -> "Reach":
        return Reach(
            people=self.people & other.people,
            teams=self.teams & other.teams,
            customers=self.customers & other.customers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever is behind a command.

    `roles` are the groups that a task can be offered to; `permissions` are the coarse rights that commands name
    (`task.work`, `definition.deploy`); `address` is the network address that the request came from, if any;
    `leads` are the log-in names of those whose tasks and plans the actor sees as the head of their team;
    `stands_in_for` are absent colleagues whose tasks the actor does in their place. `limits` tell how far those rights
    reach that do not reach everything.
    """

    id: str
    name: str
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    is_system: bool = False
    address: str | None = None
    stands_in_for: tuple[StandIn, ...] = ()
    limits: tuple[tuple[str, Reach], ...] = ()
    leads: tuple[str, ...] = ()

    def reach(self, permission: str) -> Reach | None:
        """How far a right reaches that the actor holds; None: it reaches everything."""
        return next((reach for name, reach in self.limits if name == permission), None)

    def may(self, permission: str) -> bool:
        """Whether the actor holds a coarse right; the system itself holds all."""
        return self.is_system or permission in self.permissions


SYSTEM = Actor(id="system", name="Obieg", is_system=True)
