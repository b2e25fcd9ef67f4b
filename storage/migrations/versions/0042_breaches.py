"""The register of personal-data breaches."""

import sqlalchemy as sa
from alembic import op

revision = "0042_breaches"
down_revision = "0041_turnover"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
MOMENT = sa.DateTime(timezone=True)
REQUIRED = ("title", "happened", "data", "recorded_by")
OPTIONAL = ("consequences", "measures", "reference", "why_late", "why_not_notified", "why_not_informed", "closed_by")


def upgrade() -> None:
    op.create_table(
        "privacy_breach",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.String(length=16)), nullable=False),
        sa.Column("risk", sa.String(length=16), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in REQUIRED),
        *(sa.Column(name, sa.String(), nullable=True) for name in OPTIONAL),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("discovered_at", "recorded_at")),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("notified_at", "informed_at", "closed_at")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_breach"),
        sa.UniqueConstraint("number", name="uq_privacy_breach_number"),
    )


def downgrade() -> None:
    op.drop_table("privacy_breach")
