-- The topic of transactions under another name; messages that are not wanted are not counted.
-- debezium: provide.transaction.metadata=true
-- debezium: topic.transaction=begun-and-ended
-- debezium: message.prefix.exclude.list=.*
CREATE TABLE a (id int PRIMARY KEY, v text);
-- stream
BEGIN;
SELECT pg_logical_emit_message(true, 'shop', 'not wanted');
INSERT INTO a VALUES (1, 'one');
COMMIT;
SELECT pg_logical_emit_message(true, 'shop', 'not wanted');
INSERT INTO a VALUES (2, 'two');
