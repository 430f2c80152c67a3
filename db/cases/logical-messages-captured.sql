-- Messages of pg_logical_emit_message that the file asks for go to a topic of their own, those it does not ask for
-- nowhere. No target has a place for them, and what comes with and after them arrives.

--- pipeline
-- source: { postgres: { message_prefix_include_list: [wanted] } }
--- source
CREATE TABLE t (id int PRIMARY KEY, a text);

--- stream
SELECT pg_logical_emit_message(true, 'wanted', 'one');
SELECT pg_logical_emit_message(false, 'wanted', 'two');
SELECT pg_logical_emit_message(true, 'other', 'canary');
SELECT pg_logical_emit_message(false, 'other', 'canary');
BEGIN;
INSERT INTO t VALUES (1, 'one');
SELECT pg_logical_emit_message(true, 'wanted', 'three');
SELECT pg_logical_emit_message(false, 'wanted', 'four');
UPDATE t SET a = 'two';
COMMIT;
--- stream
SELECT pg_logical_emit_message(false, 'wanted', 'five');
--- stream
BEGIN;
SELECT pg_logical_emit_message(true, 'wanted', 'six');
INSERT INTO t SELECT i, repeat('much ', 300) FROM generate_series(2, 12000) i;
SELECT pg_logical_emit_message(true, 'wanted', 'seven');
COMMIT;

--- live
SELECT pg_logical_emit_message(true, 'wanted', 'eight');
INSERT INTO t VALUES (0, 'last');
SELECT pg_logical_emit_message(false, 'wanted', 'nine');

--- expect equal
--- expect nowhere
-- canary
--- expect topic message
-- m m m m m m m m m
