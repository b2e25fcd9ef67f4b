"""Emergency access of administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0029_emergency"
down_revision = "0028_approval_parameters"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "emergency_access",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_emergency_access_account_id_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_emergency_access"),
    )
    op.create_index("ix_emergency_access_account_id_ends_at", "emergency_access", ["account_id", "ends_at"])


def downgrade() -> None:
    op.drop_table("emergency_access")
