"""What people consented to, in which words, and whether letters to many are marketing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.migrations.shipped_dictionaries import rows_of

revision = "0038_consents"
down_revision = "0037_text_languages"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")
SHORT = sa.String(length=16)
NAME = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)
LISTS = (
    """
    consent_purpose | Cel zgody | Purpose of a consent | Scopul consimțământului | Цель согласия
    marketing | Marketing | Marketing | Marketing | Маркетинг
    newsletter | Newsletter | Newsletter | Newsletter | Рассылка
    greetings | Życzenia | Greetings | Felicitări | Поздравления
    phone_marketing | Marketing telefoniczny | Phone marketing | Marketing telefonic | Телефонный маркетинг
    profiling | Profilowanie | Profiling | Creare de profiluri | Профилирование
    survey | Badania opinii | Surveys | Sondaje | Опросы
    image | Wizerunek | Use of the image | Utilizarea imaginii | Использование изображения
    """,
    """
    consent_source | Źródło zgody | Source of a consent | Sursa consimțământului | Источник согласия
    conversation | Rozmowa | Conversation | Convorbire | Разговор
    paper_form | Formularz papierowy | Paper form | Formular pe hârtie | Бумажная анкета
    web_form | Formularz na stronie | Web form | Formular web | Веб-форма
    email | E-mail | E-mail | E-mail | Электронная почта
    letter | List | Letter | Scrisoare | Письмо
    phone | Telefon | Phone | Telefon | Телефон
    contract | Umowa | Contract | Contract | Договор
    """,
)


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("purpose", CODE, nullable=False),
        sa.Column("channel", SHORT, nullable=False),
        sa.Column("state", SHORT, nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("source", CODE, nullable=False),
        sa.Column("wording", sa.String(), nullable=True),
        sa.Column("clause", sa.Integer(), nullable=True),
        sa.Column("evidence_id", ID, nullable=True),
        sa.Column("remark", sa.String(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_consent_contact_id_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_contact_id_happened_at_id", "consent", ["contact_id", "happened_at", "id"])
    op.create_index("ix_consent_purpose_id", "consent", ["purpose", "id"])
    op.create_table(
        "consent_clause",
        sa.Column("purpose", CODE, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "n", name="pk_consent_clause"),
    )
    op.add_column("mail_merge", sa.Column("purpose", NAME, server_default="business", nullable=False))
    lists, values = rows_of(LISTS)
    for table, rows in (("dictionary", lists), ("dictionary_value", values)):
        columns = [sa.column(name, postgresql.JSONB() if name == "labels" else None) for name in rows[0]]
        known = sa.table(table, *columns)
        op.execute(postgresql.insert(known).values(rows).on_conflict_do_nothing())


def downgrade() -> None:
    lists, _ = rows_of(LISTS)
    for each in lists:
        for table, column in (("dictionary_value", "dictionary"), ("dictionary", "key")):
            known = sa.table(table, sa.column(column))
            op.execute(sa.delete(known).where(known.c[column] == each["key"]))
    op.drop_column("mail_merge", "purpose")
    op.drop_table("consent_clause")
    op.drop_table("consent")
