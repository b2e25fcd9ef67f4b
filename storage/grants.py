"""Rights of database roles: gives a role what the program needs and no more, and tells what a role has beyond that.

The tables belong to the role that migrates. The program works as another role, which may neither change nor remove
rows of the tables that are named as limited, nor switch off the triggers that refuse it to everybody.
"""

from collections.abc import Iterator, Mapping

from psycopg import Connection, sql

from core.errors import InvalidInput
from core.records import dataclass

READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
ALL = frozenset({READ, ADD, CHANGE, REMOVE})
FIXED = frozenset({"alembic_version"})  # only migrations write it
DANGEROUS = ("TRUNCATE", "TRIGGER", "REFERENCES")  # of a table; nobody but its owner needs them
SERVER = ("pg_write_server_files", "pg_execute_server_program")  # roles that reach the files of the database
Limits = Mapping[str, frozenset[str]]  # table → what may be done with its rows

ROLE = "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = %s"
OWNERS = """
SELECT pg_has_role(%(role)s, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER'),
    pg_has_role(%(role)s, nspowner, 'MEMBER')
FROM pg_namespace WHERE nspname = current_schema()
"""
TABLES = """
SELECT relname, pg_has_role(%(role)s, relowner, 'MEMBER'),
    ARRAY(SELECT each FROM unnest(%(rights)s::text[]) AS each WHERE has_table_privilege(%(role)s, pg_class.oid, each)
        OR (each = 'UPDATE' AND has_any_column_privilege(%(role)s, pg_class.oid, each)))
FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a role has beyond its needs, and what it lacks; sentences."""

    role: str
    excess: tuple[str, ...]
    lacking: tuple[str, ...]


def grant(connection: Connection, role: str, limits: Limits) -> None:
    """Give an existing role what the program needs, take away what it does not; must run as the owner of the tables.

    Raises `InvalidInput` for a role that is not there, or that owns the tables.
    """
    _require(connection, role)
    name, schema = sql.Identifier(role), sql.Identifier(_schema(connection))
    for statement in (
        "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
        "REVOKE CREATE ON SCHEMA {schema} FROM {role}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(schema=schema, role=name))
    for table, _, _ in _tables(connection, role):
        rights = sql.SQL(", ").join(sql.SQL(each) for each in sorted(_allowed(table, limits)))
        connection.execute(sql.SQL("GRANT {} ON {}.{} TO {}").format(rights, schema, sql.Identifier(table), name))


def rights_of(connection: Connection, limits: Limits, role: str | None = None) -> Rights:
    """What a role has, that of the connection unless one is named. Raises `InvalidInput` for one that is not there."""
    role = role or _value(connection, "SELECT current_user")
    found = connection.execute(ROLE, (role,)).fetchone()
    if found is None:
        raise _unknown(role)
    if found[0]:
        return Rights(role=role, excess=(f"{role} is a superuser, whom nothing is refused.",), lacking=())
    tables = _tables(connection, role)
    excess = [*_of_the_database(connection, role), *_of_tables(role, tables, limits)]
    if found[1]:
        excess.append(f"{role} may make other roles (CREATEROLE).")
    lacking = [
        f"{role} lacks {', '.join(missing)} on {table}."
        for table, _, has in tables
        if (missing := sorted(_allowed(table, limits) - set(has)))
    ]
    return Rights(role=role, excess=tuple(excess), lacking=tuple(lacking))


def _of_the_database(connection: Connection, role: str) -> Iterator[str]:
    found = connection.execute(OWNERS, {"role": role}).fetchone()
    if found is not None and found[0]:
        yield f"{role} owns the database, or may become its owner."
    elif found is not None and found[1]:
        yield f"{role} owns the schema, or may become its owner: it can drop the tables."
    for each in SERVER:
        if _value(connection, "SELECT pg_has_role(%s, %s, 'MEMBER')", role, each):
            yield f"{role} reaches the files of the database server ({each})."


def _of_tables(role: str, tables: list[tuple[str, bool, list[str]]], limits: Limits) -> Iterator[str]:
    for table, is_owner, has in tables:
        if table not in limits:
            continue
        beyond = sorted(set(has) - limits[table])
        if is_owner:
            yield f"{role} owns {table}, or may become its owner: it can switch its triggers off."
        elif beyond:
            yield f"{role} has {', '.join(beyond)} on {table}."


def _tables(connection: Connection, role: str) -> list[tuple[str, bool, list[str]]]:
    values = {"role": role, "rights": [*sorted(ALL), *DANGEROUS]}
    return [(str(name), bool(is_owner), list(has)) for name, is_owner, has in connection.execute(TABLES, values)]


def _allowed(table: str, limits: Limits) -> frozenset[str]:
    return frozenset({READ}) if table in FIXED else limits.get(table, ALL)


def _require(connection: Connection, role: str) -> None:
    if connection.execute(ROLE, (role,)).fetchone() is None:
        raise _unknown(role)
    if any(is_owner for _, is_owner, _ in _tables(connection, role)):
        raise InvalidInput(
            f"{role} owns the tables, or is a superuser; rights cannot be taken from it. Name another role, which the "
            "program works as, and leave this one to obieg migrate.",
            role=role,
        )


def _schema(connection: Connection) -> str:
    return str(_value(connection, "SELECT current_schema()"))


def _value(connection: Connection, query: str, *values: str) -> str:
    found = connection.execute(query.encode(), values).fetchone()
    assert found is not None
    return str(found[0]) if isinstance(found[0], str) else found[0]


def _unknown(role: str) -> InvalidInput:
    return InvalidInput(
        f"The database has no role {role}. Make it first: CREATE ROLE {role} LOGIN PASSWORD '…'", role=role
    )
