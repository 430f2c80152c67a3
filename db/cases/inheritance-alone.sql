-- A table from which others inherit is captured alone. Those go on as before, although they have no identity; and in the
-- target a row of theirs that has the same key is not touched.

--- pipeline
-- source: { postgres: { tables: [public.cities] } }
--- source
CREATE TABLE cities (id int PRIMARY KEY, name text, big text);
ALTER TABLE cities ALTER big SET STORAGE EXTERNAL;
CREATE TABLE capitals (country text) INHERITS (cities);
INSERT INTO cities SELECT i, 'n' || i, repeat(md5(i::text), 300) FROM generate_series(1, 5) i;
INSERT INTO capitals VALUES (1, 'Wien', NULL, 'AT');
--- target
CREATE TABLE cities (id int PRIMARY KEY, name text, big text);
CREATE TABLE capitals (country text) INHERITS (cities);
INSERT INTO capitals SELECT i, 'theirs', NULL, 'AT' FROM generate_series(1, 9) i;

--- stream
UPDATE capitals SET name = upper(name);
DELETE FROM capitals WHERE id = 1;
DELETE FROM ONLY cities WHERE id = 1;
UPDATE ONLY cities SET name = 'changed' WHERE id = 2;
UPDATE ONLY cities SET id = 8 WHERE id = 3;
UPDATE ONLY cities SET id = 9, big = 'new' WHERE id = 4;
--- expect same
SELECT id, name, md5(big) FROM ONLY cities;
SELECT id, name, md5(big) FROM ONLY cities;
--- expect rows target
SELECT count(*), min(name), max(name), count(DISTINCT id) FROM capitals;
-- 9 | theirs | theirs | 9

--- stream
TRUNCATE ONLY cities;
INSERT INTO cities VALUES (1, 'anew', NULL);
--- expect rows target
SELECT (SELECT count(*) FROM ONLY cities), (SELECT count(*) FROM capitals);
-- 1 | 9
