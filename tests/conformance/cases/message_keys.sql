-- debezium: message.key.columns=public\.(.*)_keyed:b,a;public.full_(.*):code;public.none:id
-- Keys of columns that are not the table's key.
CREATE TABLE x_keyed (id int PRIMARY KEY, a text, b int NOT NULL, c text);
CREATE TABLE full_identity (id int PRIMARY KEY, code text NOT NULL, n int);
ALTER TABLE full_identity REPLICA IDENTITY FULL;
CREATE TABLE none (id int, v text);
ALTER TABLE none REPLICA IDENTITY FULL;
CREATE TABLE other (id int PRIMARY KEY, b int);
INSERT INTO x_keyed VALUES (1, 'one', 11, 'x');
INSERT INTO full_identity VALUES (1, 'a', 1);
-- stream
INSERT INTO x_keyed VALUES (2, 'two', 22, 'x'), (3, NULL, 33, 'x');
UPDATE x_keyed SET c = 'y' WHERE id = 2;
UPDATE x_keyed SET b = 23 WHERE id = 2;
UPDATE x_keyed SET id = 4 WHERE id = 2;
DELETE FROM x_keyed WHERE id = 1;
INSERT INTO full_identity VALUES (2, 'b', 1);
UPDATE full_identity SET n = 2 WHERE id = 2;
UPDATE full_identity SET code = 'bb' WHERE id = 2;
UPDATE full_identity SET id = 3 WHERE id = 2;
UPDATE full_identity SET id = 4, code = 'c' WHERE id = 3;
DELETE FROM full_identity;
INSERT INTO none VALUES (1, 'x'), (1, 'y');
UPDATE none SET v = 'z' WHERE v = 'x';
UPDATE none SET id = 2 WHERE v = 'z';
DELETE FROM none;
INSERT INTO other VALUES (1, 1);
UPDATE other SET id = 2;
