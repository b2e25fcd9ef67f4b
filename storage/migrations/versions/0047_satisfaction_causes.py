"""Why the satisfaction of a customer changed, and after which activity."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.shipped_dictionaries import rows_of

revision = "0047_satisfaction_causes"
down_revision = "0046_merge_variants"
branch_labels = None
depends_on = None

TABLE = "customer_satisfaction"
KEY = "fk_customer_satisfaction_activity_id_activity"
LISTS = (
    """
    satisfaction_cause | Przyczyna zmiany oceny | Cause of a change | Cauza schimbării | Причина изменения оценки
    quality | Jakość | Quality | Calitate | Качество
    price | Cena | Price | Preț | Цена
    delivery | Dostawa | Delivery | Livrare | Доставка
    service | Obsługa | Service | Servire | Обслуживание
    complaint | Reklamacja | Complaint | Reclamație | Претензия
    invoicing | Rozliczenia | Invoicing | Facturare | Расчёты
    competitor | Konkurencja | Competitor | Concurență | Конкуренция
    other | Inna | Other | Alta | Другая
    """,
)


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("cause", sa.String(64, collation="C"), nullable=True))
    op.add_column(TABLE, sa.Column("activity_id", sa.String(26, collation="C"), nullable=True))
    op.create_foreign_key(KEY, TABLE, "activity", ["activity_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_customer_satisfaction_activity_id", TABLE, ["activity_id"])
    lists, values = rows_of(LISTS)
    for table, rows in (("dictionary", lists), ("dictionary_value", values)):
        known = sa.table(
            table, *(sa.column(name) for name in rows[0] if name != "labels"), sa.column("labels", JSONB())
        )
        op.execute(postgresql.insert(known).values(rows).on_conflict_do_nothing())


def downgrade() -> None:
    lists, _ = rows_of(LISTS)
    for each in lists:
        for table, column in (("dictionary_value", "dictionary"), ("dictionary", "key")):
            known = sa.table(table, sa.column(column))
            op.execute(sa.delete(known).where(known.c[column] == each["key"]))
    op.drop_constraint(KEY, TABLE, type_="foreignkey")
    op.drop_index("ix_customer_satisfaction_activity_id", TABLE)
    op.drop_column(TABLE, "activity_id")
    op.drop_column(TABLE, "cause")
