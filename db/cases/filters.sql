-- What a filter ends arrives nowhere, and what it lets pass does; a transaction of nothing but ended events is
-- progress all the same.

--- pipeline
-- transforms:
--   - filter: { drop: { tables: [public.kept], ops: [delete, truncate] } }
--   - filter: { drop: { tables: ["public.audit*"] } }
--- source
CREATE TABLE kept (id int PRIMARY KEY, a text);
CREATE TABLE audit_log (id int PRIMARY KEY, a text);
CREATE TABLE plain (id int PRIMARY KEY);
INSERT INTO kept VALUES (1, 'a'), (2, 'a'); INSERT INTO audit_log VALUES (1, 'canary');

--- stream
DELETE FROM kept WHERE id = 1;
UPDATE kept SET a = 'changed' WHERE id = 2;
INSERT INTO audit_log VALUES (2, 'canary');
INSERT INTO plain VALUES (1);
--- stream
INSERT INTO audit_log SELECT i, 'canary' FROM generate_series(10, 500) i;
--- stream
TRUNCATE kept, plain;
INSERT INTO kept VALUES (3, 'after');

--- expect nowhere
-- canary
--- expect rows target
SELECT * FROM kept ORDER BY id;
-- 1 | a
-- 2 | changed
-- 3 | after
--- expect equal public.plain
--- expect rows target
SELECT count(*) FROM audit_log;
-- 0
