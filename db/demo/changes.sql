-- What a shop does in a minute: four transactions, made in the source each time the demo starts.
-- `:run` is the number of the start, so that every start makes rows of its own.

-- A customer, with an order of two lines.
BEGIN;
INSERT INTO customers (full_name, email, phone, card_number, birth_date, address, credit_limit, note)
VALUES ('Ada Lovelace', 'ada.:run@example.com', '+44 20 7946 0123', '4111111111111111', '1815-12-10',
        '{"street": "12 St James''s Square", "city": "London"}', 1000,
        (SELECT string_agg(md5(part::text), ' ') FROM generate_series(1, 120) part));
INSERT INTO orders (customer_id, contact_email)
SELECT id, email FROM customers WHERE email = 'ada.:run@example.com';
INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT o.id, line, line, 1, 9.90 FROM orders o, generate_series(1, 2) line
WHERE o.contact_email = 'ada.:run@example.com';
COMMIT;

-- An update that leaves the long note alone, and one of the order.
BEGIN;
UPDATE customers SET credit_limit = 2500 WHERE email = 'ada.:run@example.com';
UPDATE orders SET status = 'paid' WHERE contact_email = 'ada.:run@example.com';
COMMIT;

-- A change of a primary key.
UPDATE order_items SET line_no = 7
WHERE line_no = 2 AND order_id IN (SELECT id FROM orders WHERE contact_email = 'ada.:run@example.com');

-- A delete.
DELETE FROM order_items
WHERE line_no = 1 AND order_id IN (SELECT id FROM orders WHERE contact_email = 'ada.:run@example.com');
