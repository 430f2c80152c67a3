-- Which messages come, by a list of prefixes: of the whole prefix, whatever its case.
-- debezium: message.prefix.include.list=shop,aud.t\..*
CREATE TABLE a (id int PRIMARY KEY, v text);
-- stream
SELECT pg_logical_emit_message(true, 'shop', '1');
SELECT pg_logical_emit_message(true, 'SHOP', '2');
SELECT pg_logical_emit_message(true, 'shops', '3');
SELECT pg_logical_emit_message(true, 'a shop', '4');
SELECT pg_logical_emit_message(false, 'audit.', '5');
SELECT pg_logical_emit_message(false, 'audit', '6');
INSERT INTO a VALUES (1, 'one');
