-- Columns and tables that the chain renames, or the sink calls otherwise, are the same rows under other names; what it
-- drops is nowhere.

--- pipeline
-- transforms:
--   - rename: { table: public.customers, columns: { full_name: name, "Odd Name": odd }, to: crm.people }
--   - drop: { columns: [crm.people.secret] }
-- sink: { postgres: { tables: { public.orders: shop.bestellungen } } }
--- source
CREATE TABLE customers (id int PRIMARY KEY, full_name text, "Odd Name" int, secret text);
CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers);
INSERT INTO customers SELECT i, 'n' || i, i, 'canary' FROM generate_series(1, 6) i;
INSERT INTO orders SELECT i, i FROM generate_series(1, 5) i;

--- stream
UPDATE customers SET full_name = 'changed', secret = 'canary too' WHERE id = 1;
UPDATE customers SET id = 20 WHERE id = 6;
DELETE FROM orders WHERE id = 2;
DELETE FROM customers WHERE id = 2;
INSERT INTO customers VALUES (7, NULL, 7, 'canary');
UPDATE orders SET customer = 7;

--- expect nowhere
-- canary
--- expect same
SELECT id, full_name, "Odd Name" FROM customers;
SELECT id, name, odd FROM crm.people;
--- expect same
SELECT * FROM orders;
SELECT * FROM shop.bestellungen;
--- expect topic crm.people
-- r r r r r r u d tombstone c d tombstone c
