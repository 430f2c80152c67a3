-- A row the target's own constraint turns away halts the pipeline at its place: nothing of its transaction is there,
-- and once the constraint is gone it goes on without loss.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE u (id int PRIMARY KEY, t int);
INSERT INTO t VALUES (1, 1);
--- target
CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0));
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);

--- stream halts constraint_violation
BEGIN;
INSERT INTO t VALUES (2, 2);
INSERT INTO t VALUES (3, -3);
COMMIT;
INSERT INTO t VALUES (4, 4);
--- expect rows target
SELECT * FROM t;
-- 1 | 1
--- target
ALTER TABLE t DROP CONSTRAINT positive;
--- start
--- expect equal

--- stream halts foreign_key_violation
INSERT INTO u VALUES (1, 99);
--- target
INSERT INTO t VALUES (99, 9);
--- start
--- expect equal public.u
