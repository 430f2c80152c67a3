-- Inserts, updates and deletes of a table with a simple and one with a composite key arrive, over rows that were
-- there before and rows that were not.

--- source
CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), note text);
CREATE TABLE stock (shop int, item int REFERENCES items, amount int NOT NULL, PRIMARY KEY (shop, item));
INSERT INTO items SELECT i, 'item ' || i, i * 1.5, NULL FROM generate_series(1, 50) i;
INSERT INTO stock SELECT s, i, s * i FROM generate_series(1, 3) s, generate_series(1, 50) i;

--- stream
INSERT INTO items VALUES (51, 'item 51', 7.25, 'new'), (52, 'item 52', NULL, '');
UPDATE items SET price = price + 1 WHERE id % 5 = 0;
UPDATE items SET note = 'noted' WHERE id = 51;
UPDATE stock SET amount = 0 WHERE shop = 2 AND item < 10;
DELETE FROM stock WHERE item BETWEEN 20 AND 29;
DELETE FROM items WHERE id BETWEEN 20 AND 29;

--- live
INSERT INTO stock VALUES (4, 51, 1);
UPDATE items SET name = name || '!' WHERE id < 10;
DELETE FROM stock WHERE shop = 1;

--- stream
INSERT INTO items VALUES (20, 'again', 1, NULL);
