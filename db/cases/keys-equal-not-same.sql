-- Keys that are equal and not the same text, by their type or their collation, are the keys of one row. Types of
-- extensions are compared by their own operators.

--- source
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE words (id citext PRIMARY KEY, a text);
CREATE TABLE names (id text COLLATE nocase PRIMARY KEY, a text);
CREATE TABLE blanks (id bpchar PRIMARY KEY, a text);
CREATE TABLE paths (id ltree, n citext, a text, PRIMARY KEY (id, n));
CREATE TABLE nokey (id text COLLATE nocase, a int);
ALTER TABLE nokey REPLICA IDENTITY FULL;
INSERT INTO words VALUES ('a', 'old'), ('b', 'old'), ('c', 'old');
INSERT INTO names VALUES ('a', 'old'), ('b', 'old'), ('c', 'old');
INSERT INTO blanks VALUES ('a', 'old'), ('b', 'old'), ('c', 'old');
INSERT INTO paths VALUES ('top.a', 'x', 'old'), ('top.b', 'x', 'old'), ('top.c', 'x', 'old');
INSERT INTO nokey VALUES ('a', 1), ('A', 1), ('b', 1), ('B', 1);
--- target
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE words (id citext PRIMARY KEY, a text);
CREATE TABLE names (id text COLLATE nocase PRIMARY KEY, a text);
CREATE TABLE blanks (id bpchar PRIMARY KEY, a text);
CREATE TABLE nokey (id text COLLATE nocase, a int);

--- stream
BEGIN;
DELETE FROM words WHERE id = 'a';
INSERT INTO words VALUES ('A', 'new');
UPDATE words SET id = 'B' WHERE id = 'b';
UPDATE words SET a = 'new' WHERE id = 'C';
COMMIT;
BEGIN;
DELETE FROM names WHERE id = 'a';
INSERT INTO names VALUES ('A', 'new');
UPDATE names SET id = 'B' WHERE id = 'b';
DELETE FROM names WHERE id = 'C';
COMMIT;
BEGIN;
DELETE FROM blanks WHERE id = 'a';
INSERT INTO blanks VALUES ('a  ', 'new');
UPDATE blanks SET a = 'new' WHERE id = 'b';
COMMIT;
BEGIN;
UPDATE paths SET a = 'new' WHERE id = 'top.a';
UPDATE paths SET id = 'top.d' WHERE id = 'top.b';
DELETE FROM paths WHERE id = 'top.c';
COMMIT;
DELETE FROM nokey WHERE ctid IN (SELECT ctid FROM nokey WHERE id::bytea IN ('A', 'b'));

--- expect equal
