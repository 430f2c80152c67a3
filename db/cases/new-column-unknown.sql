-- A column that may not be null comes with a default that is no constant: the source wrote its rows anew and sends
-- none of them. The target does not invent what they have; once somebody has filled them in, it goes on.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a');

--- stream halts target_column_unknown
ALTER TABLE t ADD COLUMN n bigserial;
INSERT INTO t (id, a) VALUES (2, 'b');

--- expect rows target
SELECT id, a FROM t;
-- 1 | a
--- target
ALTER TABLE t ADD COLUMN n bigint;
UPDATE t SET n = 1;
--- start
--- expect equal
