-- What the source's row holds counts, not the target's defaults and triggers; a column only the target has keeps its
-- default.

--- source
CREATE TABLE t (id serial PRIMARY KEY, a int DEFAULT 1, b text DEFAULT 'b', c timestamptz DEFAULT '2020-01-01 00:00+00');
INSERT INTO t DEFAULT VALUES;
--- target
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 99, b text NOT NULL DEFAULT 'target', c timestamptz DEFAULT now(), own text DEFAULT 'own');

--- stream
INSERT INTO t DEFAULT VALUES;
INSERT INTO t (a, b, c) VALUES (NULL, '', NULL);
UPDATE t SET a = DEFAULT, b = DEFAULT WHERE id = 3;
UPDATE t SET a = NULL WHERE id = 1;

--- expect equal
--- expect rows target
SELECT DISTINCT own FROM t;
-- own
