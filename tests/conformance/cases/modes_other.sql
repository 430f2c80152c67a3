-- Intervals as text, hstore as a map, money with three digits, unknown types as bytes.
-- in json and avro
-- debezium: interval.handling.mode=string
-- debezium: hstore.handling.mode=map
-- debezium: money.fraction.digits=3
-- debezium: include.unknown.datatypes=true
CREATE EXTENSION hstore;
CREATE TYPE pair AS (a int, b text);
CREATE TABLE o (id int PRIMARY KEY, i interval, ni interval NOT NULL, h hstore, hn hstore NOT NULL, m money, nm money NOT NULL, c pair, q tsquery, l pg_lsn, mr int4multirange, j jsonpath, di interval NOT NULL DEFAULT '1 day');
INSERT INTO o VALUES (1, '1 year 2 mons 3 days 04:05:06.789', '1 day', 'a=>1, b=>NULL', 'x=>y', 1.5, 2, '(1,x)', 'a & b', '0/1', '{[1,3)}', '$.a');
-- stream
INSERT INTO o VALUES (2, '-1 mons +2 days -00:00:01.5', '0', '', 'x=>y', -1.25, 2, NULL, NULL, NULL, NULL, NULL), (3, NULL, '00:00:00.000001', NULL, '', NULL, 0, '(,)', 'a', '16/B374D848', '{}', '$');
DELETE FROM o;
