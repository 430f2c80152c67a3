-- What only the source has: a version for each state of a row, an audit of every change, and random work.

CREATE EXTENSION pgcrypto;
CREATE SEQUENCE keys START 1000000;
CREATE SEQUENCE versions;

CREATE TABLE audit (
    seq bigserial PRIMARY KEY, xid bigint NOT NULL, tbl text NOT NULL, op "char" NOT NULL,
    old_key text, new_key text, old_ver bigint, ver bigint, body text, body_same boolean
);

CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ver := nextval('public.versions');
    RETURN NEW;
END $$;

-- The key as it is after the chain: what the mask makes of it is what PostgreSQL's own hmac says.
CREATE FUNCTION key_of(tbl text, r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE tbl
        WHEN 'order_items' THEN (r->>'order_id') || ',' || (r->>'line')
        WHEN 'accounts' THEN encode(public.hmac(r->>'email', 'a key of the crash tests', 'sha256'), 'hex')
        WHEN 'journal' THEN ''
        ELSE r->>'id' END
$$;

-- The long text of a table, which TOAST may keep and an update may leave out.
CREATE FUNCTION long_of(tbl text, r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE tbl WHEN 'customers' THEN r->>'bio' WHEN 'orders' THEN NULL ELSE r->>'body' END
$$;

CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    o jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    n jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    long text := public.long_of(TG_TABLE_NAME, n);
BEGIN
    INSERT INTO public.audit (xid, tbl, op, old_key, new_key, old_ver, ver, body, body_same) VALUES (
        txid_current() & 4294967295, TG_TABLE_NAME,
        CASE TG_OP WHEN 'INSERT' THEN 'c' WHEN 'UPDATE' THEN 'u' ELSE 'd' END,
        public.key_of(TG_TABLE_NAME, o), public.key_of(TG_TABLE_NAME, n),
        (o->>'ver')::bigint, (n->>'ver')::bigint, encode(sha256(convert_to(long, 'UTF8')), 'hex'),
        long IS NOT DISTINCT FROM public.long_of(TG_TABLE_NAME, o));
    RETURN NULL;
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['customers', 'orders', 'order_items', 'accounts', 'journal'] LOOP
        EXECUTE format('CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp()', t);
        EXECUTE format('CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION note()', t);
    END LOOP;
END $$;

CREATE FUNCTION canary() RETURNS text LANGUAGE sql AS
    $$ SELECT 'clear-canary-' || nextval('public.keys') || '@secret.example' $$;

-- A text that TOAST cannot press together: about 2,000 to 8,000 bytes.
CREATE FUNCTION long_text() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 64 + (random() * 190)::int)
$$;

CREATE FUNCTION some_customer() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce((SELECT id FROM public.customers WHERE id >= (SELECT (random() * last_value)::bigint FROM public.keys) ORDER BY id LIMIT 1),
                    (SELECT min(id) FROM public.customers))
$$;
CREATE FUNCTION some_order() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce((SELECT id FROM public.orders WHERE id >= (SELECT (random() * last_value)::bigint FROM public.keys) ORDER BY id LIMIT 1),
                    (SELECT min(id) FROM public.orders))
$$;
CREATE FUNCTION some_account() RETURNS text LANGUAGE sql AS $$
    SELECT email FROM public.accounts WHERE email >= (SELECT 'clear-canary-' || (random() * last_value)::bigint FROM public.keys) ORDER BY email LIMIT 1
$$;
CREATE FUNCTION some_line() RETURNS bigint LANGUAGE sql AS $$
    SELECT ver FROM public.journal WHERE ver >= (SELECT (random() * last_value)::bigint FROM public.versions) ORDER BY ver LIMIT 1
$$;

CREATE FUNCTION step() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kind int := floor(random() * 18);
    key bigint;
BEGIN
    CASE kind
    WHEN 0 THEN
        INSERT INTO customers VALUES (nextval('keys'), canary(), 'somebody', CASE WHEN random() < 0.7 THEN long_text() END);
    WHEN 1 THEN
        UPDATE customers SET name = 'name ' || random() WHERE id = (SELECT some_customer());
    WHEN 2 THEN
        UPDATE customers SET bio = long_text(), email = canary() WHERE id = (SELECT some_customer());
    WHEN 3 THEN -- a move whose long text is not sent
        UPDATE customers SET id = nextval('keys') WHERE id = (SELECT some_customer());
    WHEN 4, 5 THEN
        key := nextval('keys');
        INSERT INTO orders VALUES (key, some_customer(), random() * 1000);
        INSERT INTO order_items SELECT key, line, CASE WHEN random() < 0.3 THEN long_text() ELSE 'short' END
        FROM generate_series(1, 1 + (random() * 4)::int) line;
    WHEN 6 THEN
        UPDATE orders SET total = total + 1 WHERE id = (SELECT some_order());
    WHEN 7 THEN
        UPDATE orders SET customer_id = (SELECT some_customer()) WHERE id = (SELECT some_order());
    WHEN 8 THEN -- touches rows and leaves their long texts
        UPDATE order_items SET ver = 0 WHERE order_id = (SELECT some_order());
    WHEN 9 THEN
        UPDATE order_items SET line = line + 100 WHERE order_id = (SELECT some_order()) AND line < 1000000;
    WHEN 10 THEN
        key := some_order();
        DELETE FROM order_items WHERE order_id = key;
        DELETE FROM orders WHERE id = key;
    WHEN 11 THEN -- made and gone in one transaction
        key := nextval('keys');
        INSERT INTO customers VALUES (key, canary(), 'nobody', long_text());
        UPDATE customers SET name = 'still nobody' WHERE id = key;
        DELETE FROM customers WHERE id = key;
    WHEN 12 THEN
        INSERT INTO journal SELECT canary(), CASE WHEN random() < 0.3 THEN long_text() ELSE 'line' END FROM generate_series(1, 3);
    WHEN 13 THEN
        UPDATE journal SET who = canary() WHERE ver = (SELECT some_line());
    WHEN 14 THEN
        DELETE FROM journal WHERE ver = (SELECT some_line());
    WHEN 15 THEN
        INSERT INTO accounts VALUES (canary(), long_text());
    WHEN 16 THEN
        UPDATE accounts SET email = canary() WHERE email = (SELECT some_account());
    ELSE -- gone and back under the same key
        DELETE FROM accounts WHERE email = (SELECT some_account());
        UPDATE accounts SET body = 'short' WHERE email = (SELECT some_account());
    END CASE;
END $$;

-- One transaction's work; `seed` decides all of it.
CREATE FUNCTION work(seed double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(seed);
    FOR i IN 0 .. floor(random() * 6) LOOP
        PERFORM step();
    END LOOP;
END $$;

-- `rows` rows in one transaction: keyed, keyless, and the first of them changed again.
CREATE FUNCTION much(rows int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key bigint := nextval('keys');
BEGIN
    INSERT INTO orders VALUES (key, some_customer(), 1);
    INSERT INTO order_items SELECT key, 1000000 + i, 'much' FROM generate_series(1, rows * 3 / 4) i;
    INSERT INTO journal SELECT 'clear-canary-' || i, 'much' FROM generate_series(1, rows / 40) i;
    UPDATE order_items SET body = 'more' WHERE order_id = key AND line <= 1000000 + rows / 10;
    DELETE FROM order_items WHERE order_id = key AND line > 1000000 + rows / 2;
END $$;
