"""What follows orders by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0050_following_up"
down_revision = "0048_enquiries"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")


def upgrade() -> None:
    _after_sales()


def _after_sales() -> None:
    op.create_table(
        "after_sales_step",
        sa.Column("id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("begins", CODE, nullable=False),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("unit", CODE, nullable=False),
        sa.Column("method", CODE, nullable=False),
        sa.Column("type", CODE, nullable=True),
        sa.Column("priority", CODE, nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("goes_to", CODE, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_after_sales_step"),
    )
    op.create_table(
        "after_sales_activity",
        sa.Column("order_id", ID, nullable=False),
        sa.Column("step_id", ID, nullable=False),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("made_at", WHEN, nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_after_sales_activity_{column}_{target}")
            for column, target in (
                ("order_id", "customer_order"),
                ("step_id", "after_sales_step"),
                ("activity_id", "activity"),
            )
        ),
        sa.PrimaryKeyConstraint("order_id", "step_id", name="pk_after_sales_activity"),
    )
    op.create_index("ix_after_sales_activity_step_id", "after_sales_activity", ["step_id"])
    op.create_index("ix_after_sales_activity_activity_id", "after_sales_activity", ["activity_id"])


def downgrade() -> None:
    for table in ("after_sales_activity", "after_sales_step"):
        op.drop_table(table)
