-- A second unique value is handed over from one row to another, in one batch: by delete and insert, by update, and
-- within a transaction by a deferrable constraint.

--- source
CREATE TABLE users (id int PRIMARY KEY, login text UNIQUE, rank int, UNIQUE (rank) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO users SELECT i, 'login' || i, i FROM generate_series(1, 10) i;
--- target
CREATE TABLE users (id int PRIMARY KEY, login text UNIQUE, rank int, UNIQUE (rank) DEFERRABLE INITIALLY DEFERRED);

--- stream
DELETE FROM users WHERE id = 1;
INSERT INTO users VALUES (11, 'login1', 1);
UPDATE users SET login = 'free' WHERE id = 2;
UPDATE users SET login = 'login2' WHERE id = 3;
BEGIN;
UPDATE users SET rank = 5 WHERE id = 4;
UPDATE users SET rank = 4 WHERE id = 5;
COMMIT;
BEGIN;
UPDATE users SET login = 'temporary' WHERE id = 6;
UPDATE users SET login = 'login6' WHERE id = 7;
UPDATE users SET login = 'login7' WHERE id = 6;
COMMIT;

--- stream
UPDATE users SET rank = 100 + rank;
DELETE FROM users WHERE id = 8;
UPDATE users SET login = 'login8' WHERE id = 9;
INSERT INTO users VALUES (8, 'login9', 1);
