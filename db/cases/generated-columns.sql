-- A stored generated column is computed anew in the target, or is not there; identity columns take the source's
-- values, GENERATED ALWAYS too.

--- source
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, b text);
CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y');
INSERT INTO made (a) VALUES (1), (2);
--- target
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, b text);

--- stream
INSERT INTO t (a, b) SELECT i, 'row' FROM generate_series(3, 200) i;
UPDATE t SET a = a + 1 WHERE id < 3;
DELETE FROM t WHERE id = 50;
INSERT INTO made (a) VALUES (3);
UPDATE made SET a = 7 WHERE id = 1;

--- expect equal public.t
--- expect same
SELECT id, a FROM made;
SELECT id, a FROM made;
