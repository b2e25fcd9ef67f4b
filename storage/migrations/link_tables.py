"""The tables of links between records, with the types that every installation begins with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

LANGUAGES = ("pl", "en", "ro", "ru")
ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")
# code, then one line per direction: Polish | English | Romanian | Russian; one line: both directions are the same
SHIPPED = (
    (
        "parent_company",
        "spółka matka dla | parent company of | societate-mamă a | материнская компания для",
        "spółka zależna od | subsidiary of | filială a | дочерняя компания",
    ),
    (
        "recommended",
        "poleca | recommended | a recomandat | рекомендует",
        "z polecenia | recommended by | recomandat de | по рекомендации",
    ),
    (
        "replaces",
        "zastępuje | replaces | înlocuiește | заменяет",
        "zastąpiony przez | replaced by | înlocuit de | заменён",
    ),
    ("concerns", "dotyczy | concerns | se referă la | касается", "jest przedmiotem | subject of | obiect al | предмет"),
    ("follows", "wynika z | follows from | decurge din | следует из", "prowadzi do | led to | a dus la | привело к"),
    (
        "depends",
        "zależy od | depends on | depinde de | зависит от",
        "potrzebny do | needed by | necesar pentru | нужен для",
    ),
    ("related", "powiązany z | related to | legat de | связан с", ""),
)


def create() -> None:
    """Make the tables and fill in the types."""
    types = op.create_table(
        "link_type",
        sa.Column("code", CODE, nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("inverse_labels", postgresql.JSONB(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_link_type"),
    )
    op.create_table(
        "record_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", CODE, nullable=False),
        sa.Column("from_kind", CODE, nullable=False),
        sa.Column("from_id", ID, nullable=False),
        sa.Column("to_kind", CODE, nullable=False),
        sa.Column("to_id", ID, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint("(from_kind, from_id) <> (to_kind, to_id)", name=op.f("ck_record_link_two_ends")),
        sa.ForeignKeyConstraint(["type"], ["link_type.code"], name="fk_record_link_type_link_type"),
        sa.PrimaryKeyConstraint("id", name="pk_record_link"),
        sa.UniqueConstraint(
            "type",
            "from_kind",
            "from_id",
            "to_kind",
            "to_id",
            name="uq_record_link_type_from_kind_from_id_to_kind_to_id",
        ),
    )
    op.create_index("ix_record_link_from_kind_from_id_id", "record_link", ["from_kind", "from_id", "id"])
    op.create_index("ix_record_link_to_kind_to_id_id", "record_link", ["to_kind", "to_id", "id"])
    op.bulk_insert(
        types,
        [
            {
                "code": code,
                "labels": _labels(there),
                "inverse_labels": _labels(back),
                "is_retired": False,
                "position": position,
                "row_version": 1,
            }
            for position, (code, there, back) in enumerate(SHIPPED, 1)
        ],
    )


def drop() -> None:
    """Take them away."""
    op.drop_table("record_link")
    op.drop_table("link_type")


def _labels(line: str) -> dict[str, str]:
    return dict(zip(LANGUAGES, (each.strip() for each in line.split("|")), strict=True)) if line else {}
