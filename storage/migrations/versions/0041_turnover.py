"""What a customer's orders are worth and the goods that it bought, kept beside them instead of summed at each look.

Lines of an order never change and orders are never deleted. What becomes of an order in a transaction is noted, and
counted once for all orders when the transaction ends and all lines are there: a row that is written for each of very
many orders would have as many versions, all of which the next one looks at. Nothing noted outlives its transaction.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041_turnover"
down_revision = "0038_consents"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
RECOUNT = """
CREATE FUNCTION customer_order_recount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state <> 'cancelled' THEN
        INSERT INTO customer_order_recount (order_id, sign, customer_id, currency, net, ordered_on, delivered_on)
            VALUES (OLD.id, -1, OLD.customer_id, OLD.currency, OLD.net, OLD.ordered_on, OLD.delivered_on);
    END IF;
    IF NEW.state <> 'cancelled' THEN
        INSERT INTO customer_order_recount (order_id, sign, customer_id, currency, net, ordered_on, delivered_on)
            VALUES (NEW.id, 1, NEW.customer_id, NEW.currency, NEW.net, NEW.ordered_on, NEW.delivered_on);
    END IF;
    RETURN NULL;
END $$
"""
COUNTED = """
CREATE FUNCTION customer_orders_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    done bigint := coalesce(nullif(current_setting('obieg.recounted', true), '')::bigint, 0);
    upto bigint;
    goods record;
    now_times integer;
    buyer text;
    paid_in text;
    kinds integer;
    worth numeric;
BEGIN
    IF NEW.id <= done THEN
        RETURN NULL;  -- counted with the first one of the transaction
    END IF;
    SELECT max(id) INTO upto FROM customer_order_recount WHERE id > done;
    INSERT INTO customer_turnover AS kept (customer_id, kind, currency, count, amount)
        SELECT customer_id, kind, currency, sum(sign), sum(sign * net)
        FROM customer_order_recount, (VALUES ('deliveries'), ('orders')) AS kinds (kind)
        WHERE id > done AND (kind = 'orders' OR delivered_on IS NOT NULL)
        GROUP BY customer_id, kind, currency ORDER BY customer_id, kind, currency
        ON CONFLICT (customer_id, kind, currency)
        DO UPDATE SET count = kept.count + excluded.count, amount = kept.amount + excluded.amount;
    FOR goods IN
        WITH line AS (
            SELECT r.id, r.sign, r.customer_id, r.currency, r.ordered_on,
                md5(jsonb_build_array(product_id, sku, description, unit)::text) AS digest,
                min(product_id) AS product_id, min(sku) AS sku, min(description) AS description, min(unit) AS unit,
                sum(quantity) AS quantity, sum(quantity * unit_price * (100 - discount)) * 0.01 AS net
            FROM customer_order_recount r JOIN customer_order_line l ON l.order_id = r.order_id
            WHERE r.id > done GROUP BY r.id, digest
        )
        SELECT customer_id, currency, digest, min(product_id) AS product_id, min(sku) AS sku,
            min(description) AS description, min(unit) AS unit, sum(sign * quantity) AS quantity,
            sum(sign)::integer AS times, sum(sign * net) AS net,
            max(ordered_on) FILTER (WHERE sign > 0) AS newest, max(ordered_on) FILTER (WHERE sign < 0) AS gone
        FROM line GROUP BY customer_id, currency, digest ORDER BY customer_id, currency, digest
    LOOP
        IF (goods.customer_id, goods.currency) IS DISTINCT FROM (buyer, paid_in) THEN
            PERFORM customer_goods_worth(buyer, paid_in, kinds, worth);
            SELECT goods.customer_id, goods.currency, 0, 0 INTO buyer, paid_in, kinds, worth;
        END IF;
        INSERT INTO customer_goods AS kept
            (customer_id, currency, digest, product_id, sku, name, unit, quantity, times, last_on, amount)
            VALUES (buyer, paid_in, goods.digest, goods.product_id, goods.sku, goods.description, goods.unit,
                goods.quantity, goods.times, coalesce(goods.newest, goods.gone), goods.net)
            ON CONFLICT (customer_id, currency, digest)
            DO UPDATE SET quantity = kept.quantity + excluded.quantity, times = kept.times + excluded.times,
                amount = kept.amount + excluded.amount,
                last_on = CASE WHEN goods.gone IS NULL OR goods.gone < kept.last_on
                    THEN greatest(kept.last_on, goods.newest)
                    ELSE coalesce(customer_last_bought(buyer, paid_in, goods.digest), kept.last_on) END
            RETURNING times INTO now_times;
        kinds := kinds + (now_times = goods.times)::integer;
        IF now_times = 0 THEN
            DELETE FROM customer_goods WHERE customer_id = buyer AND currency = paid_in AND digest = goods.digest;
            kinds := kinds - 1;
        END IF;
        worth := worth + goods.net;
    END LOOP;
    PERFORM customer_goods_worth(buyer, paid_in, kinds, worth);
    DELETE FROM customer_order_recount WHERE id > done;
    PERFORM set_config('obieg.recounted', upto::text, true);
    RETURN NULL;
END $$
"""
WORTH = """
CREATE FUNCTION customer_goods_worth(buyer text, paid_in text, kinds integer, worth numeric) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO customer_turnover AS kept (customer_id, kind, currency, count, amount)
        SELECT buyer, 'goods', paid_in, kinds, worth WHERE buyer IS NOT NULL
        ON CONFLICT (customer_id, kind, currency)
        DO UPDATE SET count = kept.count + excluded.count, amount = kept.amount + excluded.amount
$$
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
ENTERED = """
CREATE TRIGGER customer_order_is_counted AFTER INSERT ON customer_order
    FOR EACH ROW EXECUTE FUNCTION customer_order_recount()
"""
CHANGED = """
CREATE TRIGGER customer_order_is_recounted
    AFTER UPDATE OF customer_id, state, currency, net, ordered_on, delivered_on ON customer_order
    FOR EACH ROW
    WHEN ((OLD.customer_id, OLD.state = 'cancelled', OLD.currency, OLD.net, OLD.ordered_on, OLD.delivered_on)
        IS DISTINCT FROM
        (NEW.customer_id, NEW.state = 'cancelled', NEW.currency, NEW.net, NEW.ordered_on, NEW.delivered_on))
    EXECUTE FUNCTION customer_order_recount()
"""
ENDED = """
CREATE CONSTRAINT TRIGGER customer_orders_are_counted AFTER INSERT ON customer_order_recount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customer_orders_count()
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
    op.create_table(
        "customer_order_recount",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("sign", sa.SmallInteger(), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net", sa.Numeric(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_customer_order_recount"),
    )
    op.create_index("ix_customer_goods_customer_id_last_on", "customer_goods", ["customer_id", "last_on"])
    op.create_index(
        "ix_customer_order_customer_id_delivered_on",
        "customer_order",
        ["customer_id", "delivered_on"],
        postgresql_where=sa.text("delivered_on IS NOT NULL AND state <> 'cancelled'"),
    )
    for statement in (BOUGHT, TOTALS, LAST, WORTH, RECOUNT, COUNTED, ENTERED, CHANGED, ENDED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER customer_order_is_recounted ON customer_order")
    op.execute("DROP TRIGGER customer_order_is_counted ON customer_order")
    op.drop_table("customer_order_recount")
    op.execute("DROP FUNCTION customer_orders_count()")
    op.execute("DROP FUNCTION customer_order_recount()")
    op.execute("DROP FUNCTION customer_goods_worth(text, text, integer, numeric)")
    op.execute("DROP FUNCTION customer_last_bought(text, text, text)")
    op.drop_index("ix_customer_order_customer_id_delivered_on", "customer_order")
    op.drop_table("customer_goods")
    op.drop_table("customer_turnover")
