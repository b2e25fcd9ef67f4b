"""Resources that are booked, reminders and notifications, calendar feeds, kept filters and rules of activities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_planning"
down_revision = "0015_activities"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
SLOT = (
    "numrange("
    "(resource_number * '1000000000000'::bigint)::numeric"
    " + EXTRACT(epoch FROM starts_at - '2000-01-01 00:00:00+00'::timestamp with time zone), "
    "(resource_number * '1000000000000'::bigint)::numeric"
    " + EXTRACT(epoch FROM ends_at - '2000-01-01 00:00:00+00'::timestamp with time zone))"
)
SPAN = (
    "starts_at < ends_at AND starts_at >= timestamptz '2000-01-01 00:00:00+00'"
    " AND ends_at < timestamptz '3000-01-01 00:00:00+00'"
)
TABLES = (
    "activity_rule_run",
    "activity_rule",
    "activity_filter",
    "calendar_feed",
    "notification_wish",
    "notification",
    "activity_reminder",
    "resource_booking",
    "resource",
)


def upgrade() -> None:
    _resources()
    _reminders()
    op.create_table(
        "calendar_feed",
        sa.Column("id", ID, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_feed_digest")),
    )
    op.create_index(op.f("ix_calendar_feed_account"), "calendar_feed", ["account"])
    op.create_table(
        "activity_filter",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("groups", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_filter")),
    )
    op.create_index("uq_activity_filter_owner_name", "activity_filter", ["owner", "name"], unique=True)
    _rules()


def _resources() -> None:
    op.create_table(
        "resource",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("groups", postgresql.JSONB(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=True),
        sa.Column("closes", sa.Time(), nullable=True),
        sa.Column("hourly_cost", sa.Numeric(18, 2), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("number", name=op.f("uq_resource_number")),
        sa.UniqueConstraint("name", name=op.f("uq_resource_name")),
    )
    op.create_table(
        "resource_booking",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("resource_number", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("slot", postgresql.NUMRANGE(), sa.Computed(SLOT, persisted=True), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.CheckConstraint(SPAN, name=op.f("ck_resource_booking_span")),
        _refers("resource_booking", "activity_id", "activity", "id"),
        _refers("resource_booking", "resource_number", "resource", "number"),
        sa.PrimaryKeyConstraint("activity_id", "resource_number", name=op.f("pk_resource_booking")),
        postgresql.ExcludeConstraint(("slot", "&&"), using="gist", name="ex_resource_booking_slot"),
    )
    op.create_index(
        "ix_resource_booking_resource_number_starts_at", "resource_booking", ["resource_number", "starts_at"]
    )


def _reminders() -> None:
    op.create_table(
        "activity_reminder",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        _refers("activity_reminder", "activity_id", "activity", "id"),
        sa.PrimaryKeyConstraint("activity_id", "minutes", name=op.f("pk_activity_reminder")),
    )
    waiting = sa.text("delivered_at IS NULL")
    op.create_index("ix_activity_reminder_due", "activity_reminder", ["due_at"], postgresql_where=waiting)
    op.create_table(
        "notification",
        sa.Column("id", ID, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("shown_at", MOMENT, nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    unread = sa.text("read_at IS NULL")
    op.create_index("uq_notification_account_key", "notification", ["account", "key"], unique=True)
    op.create_index("ix_notification_account_shown_at_id", "notification", ["account", "shown_at", "id"])
    op.create_index("ix_notification_unread", "notification", ["account", "shown_at"], postgresql_where=unread)
    op.create_table(
        "notification_wish",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_notification_wish")),
    )


def _rules() -> None:
    op.create_table(
        "activity_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", NAME, nullable=True),
        sa.Column("direction", NAME, nullable=True),
        sa.Column("method", NAME, nullable=True),
        sa.Column("status", NAME, nullable=True),
        sa.Column("linked", NAME, nullable=True),
        sa.Column("effect", NAME, nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("joins", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_rule")),
    )
    op.create_table(
        "activity_rule_run",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("result", NAME, nullable=False),
        sa.Column("case_id", NAME, nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        _refers("activity_rule_run", "activity_id", "activity", "id"),
        _refers("activity_rule_run", "rule_id", "activity_rule", "id"),
        sa.PrimaryKeyConstraint("activity_id", "rule_id", name=op.f("pk_activity_rule_run")),
    )
    op.create_index(op.f("ix_activity_rule_run_rule_id"), "activity_rule_run", ["rule_id"])


def _refers(table: str, column: str, other: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{key}"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
