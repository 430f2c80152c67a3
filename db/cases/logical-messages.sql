-- Messages of pg_logical_emit_message are no changes: they are counted and produce nothing.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);

--- stream
SELECT pg_logical_emit_message(true, 'other', 'canary');
SELECT pg_logical_emit_message(false, 'other', 'canary');
BEGIN;
INSERT INTO t VALUES (1, 'one');
SELECT pg_logical_emit_message(true, 'other', 'canary');
SELECT pg_logical_emit_message(false, 'other', 'canary');
UPDATE t SET a = 'two';
COMMIT;
--- stream
SELECT pg_logical_emit_message(true, 'other', 'canary');

--- expect equal
--- expect nowhere
-- canary
--- expect topic public.t
-- c u
