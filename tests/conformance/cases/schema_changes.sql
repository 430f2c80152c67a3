-- Each event has the columns, types and key it was written under.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, a text, b int, c timestamp(3), m mood);
CREATE TABLE e (id int PRIMARY KEY, m mood);
INSERT INTO t VALUES (1, 'x', 1, '2024-01-02 03:04:05.678', 'sad');
CREATE TABLE k (a int PRIMARY KEY, b int NOT NULL, v text);
INSERT INTO k VALUES (1, 2, 'x');
-- stream
-- First, as both read labels from the catalog when they first meet a table.
ALTER TYPE mood ADD VALUE 'happy';
INSERT INTO e VALUES (5, 'happy');
ALTER TABLE t DROP COLUMN a;
INSERT INTO t VALUES (2, 2, '2024-01-02 03:04:05.678', 'ok');
ALTER TABLE t RENAME COLUMN b TO bb;
UPDATE t SET bb = 3 WHERE id = 1;
ALTER TABLE t ALTER bb TYPE bigint;
INSERT INTO t VALUES (3, 9223372036854775807, NULL, NULL);
ALTER TABLE t ALTER c TYPE timestamp(6);
INSERT INTO t VALUES (4, 4, '2024-01-02 03:04:05.678901', NULL);
ALTER TABLE k DROP CONSTRAINT k_pkey, ADD PRIMARY KEY (b, a);
INSERT INTO k VALUES (3, 4, 'y');
UPDATE k SET a = 5 WHERE b = 2;
DELETE FROM k WHERE b = 4;
