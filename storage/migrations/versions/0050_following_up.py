"""What follows orders by itself, visits of the web site, campaigns, and reminders of days in fields."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0050_following_up"
down_revision = "0048_enquiries"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")


def upgrade() -> None:
    _after_sales()
    _visits()
    _campaigns()
    _date_reminders()


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


def _visits() -> None:
    op.create_table(
        "web_visitor",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", CODE, nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("seen_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_web_visitor_contact_id_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_web_visitor"),
        sa.UniqueConstraint("digest", name="uq_web_visitor_digest"),
    )
    op.create_index("ix_web_visitor_contact_id", "web_visitor", ["contact_id"])
    op.create_table(
        "web_visit",
        sa.Column("id", ID, nullable=False),
        sa.Column("visitor_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("began_at", WHEN, nullable=False),
        sa.Column("last_at", WHEN, nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("pages", JSONB(), nullable=False),
        *(
            sa.ForeignKeyConstraint([f"{column}_id"], [f"{table}.id"], name=f"fk_web_visit_{column}_id_{table}")
            for column, table in (("visitor", "web_visitor"), ("contact", "contact"), ("activity", "activity"))
        ),
        sa.PrimaryKeyConstraint("id", name="pk_web_visit"),
    )
    op.create_index("ix_web_visit_visitor_id_last_at", "web_visit", ["visitor_id", "last_at"])
    op.create_index("ix_web_visit_contact_id", "web_visit", ["contact_id"])
    op.create_index("ix_web_visit_activity_id", "web_visit", ["activity_id"])
    op.create_index("ix_web_visit_began_at", "web_visit", ["began_at"])
    op.create_index("ix_web_visit_anonymous", "web_visit", ["last_at"], postgresql_where=sa.text("contact_id IS NULL"))


def _campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("goal", sa.String(), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
    )
    op.create_index("ix_campaign_begins_on_id", "campaign", ["begins_on", "id"])


def _date_reminders() -> None:
    op.create_table(
        "date_reminder",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("field", sa.String(length=128, collation="C"), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("goes_to", CODE, nullable=False),
        sa.Column("group", CODE, nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("created_by", CODE, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_date_reminder"),
    )
    op.create_table(
        "date_reminded",
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["date_reminder.id"], name="fk_date_reminded_rule_id_date_reminder"),
        sa.PrimaryKeyConstraint("rule_id", "record_id", "day", name="pk_date_reminded"),
    )


def downgrade() -> None:
    for table in (
        "date_reminded",
        "date_reminder",
        "campaign",
        "web_visit",
        "web_visitor",
        "after_sales_activity",
        "after_sales_step",
    ):
        op.drop_table(table)
