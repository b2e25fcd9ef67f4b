"""Who does whose tasks while they are away."""

import sqlalchemy as sa
from alembic import op

revision = "0033_substitution"
down_revision = "0032_document_reminders"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
MOMENT = sa.DateTime(timezone=True)
TABLE = "substitution"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("deputy_id", ID, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.String(length=64, collation="C")), nullable=False),
        sa.Column("processes", sa.ARRAY(sa.String(length=255, collation="C")), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["account.id"], name="fk_substitution_person_id_account", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["deputy_id"], ["account.id"], name="fk_substitution_deputy_id_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_substitution"),
    )
    for whose in ("deputy_id", "person_id"):
        op.create_index(f"ix_substitution_{whose}_ends_at", TABLE, [whose, "ends_at"])


def downgrade() -> None:
    op.drop_table(TABLE)
