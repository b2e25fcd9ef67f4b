"""What a customer's orders are worth and the goods that it bought, kept beside them instead of summed at each look.

Lines of an order never change and orders are never deleted; an order counts for whoever is its customer when the
transaction ends, in the state that it has then. Triggers run at the end of the transaction, when all lines are there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041_turnover"
down_revision = "0038_consents"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
COUNTED = """
CREATE FUNCTION customer_order_counts(o customer_order, sign integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    line record;
    found integer;
BEGIN
    IF o.state = 'cancelled' THEN
        RETURN;
    END IF;
    INSERT INTO customer_turnover AS kept (customer_id, kind, currency, count, amount)
        SELECT o.customer_id, kind, o.currency, sign, sign * o.net
        FROM (VALUES ('deliveries'), ('orders')) AS kinds (kind)
        WHERE kind = 'orders' OR o.delivered_on IS NOT NULL
        ON CONFLICT (customer_id, kind, currency)
        DO UPDATE SET count = kept.count + excluded.count, amount = kept.amount + excluded.amount;
    FOR line IN
        SELECT md5(jsonb_build_array(product_id, sku, description, unit)::text) AS digest,
            min(product_id) AS product_id, min(sku) AS sku, min(description) AS description, min(unit) AS unit,
            sum(quantity) AS quantity, sum(quantity * unit_price * (100 - discount)) * 0.01 AS net
        FROM customer_order_line WHERE order_id = o.id GROUP BY 1
    LOOP
        IF sign > 0 THEN
            INSERT INTO customer_goods AS kept
                (customer_id, currency, digest, product_id, sku, name, unit, quantity, times, last_on, amount)
                VALUES (o.customer_id, o.currency, line.digest, line.product_id, line.sku, line.description, line.unit,
                    line.quantity, 1, o.ordered_on, line.net)
                ON CONFLICT (customer_id, currency, digest)
                DO UPDATE SET quantity = kept.quantity + excluded.quantity, times = kept.times + 1,
                    last_on = greatest(kept.last_on, excluded.last_on), amount = kept.amount + excluded.amount
                RETURNING (times = 1)::integer INTO found;
        ELSE
            UPDATE customer_goods AS kept
                SET quantity = quantity - line.quantity, times = times - 1, amount = amount - line.net,
                    last_on = CASE WHEN last_on > o.ordered_on THEN last_on
                        ELSE coalesce(customer_last_bought(o.customer_id, o.currency, line.digest), last_on) END
                WHERE customer_id = o.customer_id AND currency = o.currency AND digest = line.digest;
            DELETE FROM customer_goods
                WHERE customer_id = o.customer_id AND currency = o.currency AND digest = line.digest AND times = 0;
            GET DIAGNOSTICS found = ROW_COUNT;
        END IF;
        INSERT INTO customer_turnover AS kept (customer_id, kind, currency, count, amount)
            VALUES (o.customer_id, 'goods', o.currency, sign * found, sign * line.net)
            ON CONFLICT (customer_id, kind, currency)
            DO UPDATE SET count = kept.count + excluded.count, amount = kept.amount + excluded.amount;
    END LOOP;
END $$
"""
LAST = """
CREATE FUNCTION customer_last_bought(buyer text, paid_in text, goods text) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT ordered_on FROM customer_order
    WHERE customer_id = buyer AND state <> 'cancelled' AND currency = paid_in
        AND EXISTS (SELECT FROM customer_order_line WHERE order_id = customer_order.id
            AND md5(jsonb_build_array(product_id, sku, description, unit)::text) = goods)
    ORDER BY ordered_on DESC LIMIT 1
$$
"""
FOLLOWS = """
CREATE FUNCTION customer_order_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM customer_order_counts(OLD, -1);
    END IF;
    PERFORM customer_order_counts(NEW, 1);
    RETURN NULL;
END $$
"""
ENTERED = """
CREATE CONSTRAINT TRIGGER customer_order_is_counted AFTER INSERT ON customer_order DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION customer_order_is_counted()
"""
CHANGED = """
CREATE CONSTRAINT TRIGGER customer_order_is_recounted
    AFTER UPDATE OF customer_id, state, currency, net, ordered_on, delivered_on ON customer_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.customer_id, OLD.state = 'cancelled', OLD.currency, OLD.net, OLD.ordered_on, OLD.delivered_on)
        IS DISTINCT FROM
        (NEW.customer_id, NEW.state = 'cancelled', NEW.currency, NEW.net, NEW.ordered_on, NEW.delivered_on))
    EXECUTE FUNCTION customer_order_is_counted()
"""
TOTALS = """
INSERT INTO customer_turnover (customer_id, kind, currency, count, amount)
    SELECT customer_id, 'orders', currency, count(*), sum(net)
    FROM customer_order WHERE state <> 'cancelled' GROUP BY customer_id, currency
    UNION ALL
    SELECT customer_id, 'deliveries', currency, count(*), sum(net)
    FROM customer_order WHERE state <> 'cancelled' AND delivered_on IS NOT NULL GROUP BY customer_id, currency
    UNION ALL
    SELECT customer_id, 'goods', currency, count(*), sum(amount) FROM customer_goods GROUP BY customer_id, currency
"""
BOUGHT = """
INSERT INTO customer_goods
    (customer_id, currency, digest, product_id, sku, name, unit, quantity, times, last_on, amount)
    SELECT customer_id, currency, md5(jsonb_build_array(product_id, sku, description, unit)::text),
        min(product_id), min(sku), min(description), min(unit), sum(quantity),
        count(DISTINCT order_id), max(ordered_on), sum(quantity * unit_price * (100 - discount)) * 0.01
    FROM customer_order JOIN customer_order_line ON order_id = customer_order.id
    WHERE state <> 'cancelled' GROUP BY 1, 2, 3
"""


def upgrade() -> None:
    op.create_table(
        "customer_turnover",
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_turnover_customer_id_customer"),
        sa.PrimaryKeyConstraint("customer_id", "kind", "currency", name="pk_customer_turnover"),
    )
    op.create_table(
        "customer_goods",
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("digest", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("product_id", ID, nullable=True),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_goods_customer_id_customer"),
        sa.PrimaryKeyConstraint("customer_id", "currency", "digest", name="pk_customer_goods"),
    )
    op.create_index("ix_customer_goods_customer_id_last_on", "customer_goods", ["customer_id", "last_on"])
    op.create_index(
        "ix_customer_order_customer_id_delivered_on",
        "customer_order",
        ["customer_id", "delivered_on"],
        postgresql_where=sa.text("delivered_on IS NOT NULL AND state <> 'cancelled'"),
    )
    for statement in (BOUGHT, TOTALS, LAST, COUNTED, FOLLOWS, ENTERED, CHANGED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER customer_order_is_recounted ON customer_order")
    op.execute("DROP TRIGGER customer_order_is_counted ON customer_order")
    op.execute("DROP FUNCTION customer_order_is_counted()")
    op.execute("DROP FUNCTION customer_order_counts(customer_order, integer)")
    op.execute("DROP FUNCTION customer_last_bought(text, text, text)")
    op.drop_index("ix_customer_order_customer_id_delivered_on", "customer_order")
    op.drop_table("customer_goods")
    op.drop_table("customer_turnover")
