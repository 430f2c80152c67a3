-- The target's own foreign keys do what the source's do, and the source sends what they did: a change of a key that
-- the target has made already is applied to the row at the new key.

--- source
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (parent int REFERENCES parents ON UPDATE CASCADE ON DELETE CASCADE, n int, a text, big text, PRIMARY KEY (parent, n));
ALTER TABLE children ALTER big SET STORAGE EXTERNAL;
INSERT INTO parents SELECT i, 'p' || i FROM generate_series(1, 5) i;
INSERT INTO children SELECT i, n, 'a', repeat(md5(i::text), 300) FROM generate_series(1, 5) i, generate_series(1, 3) n;
INSERT INTO children SELECT i, n, 'a', 'small' FROM generate_series(1, 5) i, generate_series(4, 6) n;
--- target
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (parent int REFERENCES parents ON UPDATE CASCADE ON DELETE CASCADE, n int, a text, big text, PRIMARY KEY (parent, n));

--- stream
UPDATE parents SET id = id + 100 WHERE id < 3;
BEGIN;
UPDATE parents SET id = 103, name = 'changed' WHERE id = 3;
UPDATE children SET a = 'seen' WHERE parent = 103;
UPDATE parents SET id = 203 WHERE id = 103;
COMMIT;
DELETE FROM parents WHERE id = 4;

--- expect equal
