-- Insert, update, delete with its tombstone, several rows and several tables in one transaction.
-- in json and avro
CREATE TABLE a (id int PRIMARY KEY, v text, n int NOT NULL);
CREATE TABLE b (id bigint PRIMARY KEY, v varchar(10));
INSERT INTO a VALUES (1, 'one', 1), (2, NULL, 2), (3, 'three', 3);
-- stream
INSERT INTO a VALUES (4, 'four', 4);
UPDATE a SET v = 'eins' WHERE id = 1;
DELETE FROM a WHERE id = 2;
BEGIN;
INSERT INTO a VALUES (5, 'five', 5), (6, '', 6);
INSERT INTO b VALUES (1, 'x');
UPDATE a SET n = n + 1;
DELETE FROM b;
COMMIT;
INSERT INTO a VALUES (2, 'again', 2);
BEGIN;
INSERT INTO a VALUES (7, 'never', 7);
ROLLBACK;
