-- Keys and headers without schemas beside values with them.
-- debezium: key.converter.schemas.enable=false
-- debezium: header.converter=org.apache.kafka.connect.json.JsonConverter
-- debezium: header.converter.schemas.enable=false
-- debezium: skipped.operations=none
CREATE TABLE one (id int PRIMARY KEY, v text, n int NOT NULL);
CREATE TABLE two (a int, b text, v text, PRIMARY KEY (b, a));
CREATE TABLE whole (id int PRIMARY KEY, v text);
CREATE TABLE keyless (v text, n int);
ALTER TABLE whole REPLICA IDENTITY FULL;
ALTER TABLE keyless REPLICA IDENTITY FULL;
CREATE TABLE big (id int PRIMARY KEY, n int, t text, x bytea, ta text[], num numeric);
ALTER TABLE big ALTER t SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL, ALTER ta SET STORAGE EXTERNAL,
  ALTER num SET STORAGE EXTERNAL;
CREATE TABLE typed (id bigint PRIMARY KEY, s smallint, ok boolean, f real, d double precision, m numeric(10,2), x bytea,
  da date, ti time, ts timestamp, tz timestamptz, u uuid, jb jsonb, ia int[], ta text[], p point, i interval);
INSERT INTO one VALUES (1, 'x', 1), (2, NULL, 2), (3, 'three', 3);
INSERT INTO two VALUES (1, 'k', 'x');
INSERT INTO whole VALUES (1, 'x');
INSERT INTO keyless VALUES ('x', 1), (NULL, NULL);
INSERT INTO typed VALUES (1, 2, true, 1.5, 2.25, 12.30, '\x00ff', '2024-01-02', '03:04:05.678', '2024-01-02 03:04:05.678901',
  '2024-01-02 03:04:05+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{1,NULL}', '{a,"b c"}', '(1,2)', '1 day');
-- stream
INSERT INTO one VALUES (4, 'four', 4);
UPDATE one SET v = 'eins' WHERE id = 1;
DELETE FROM one WHERE id = 2;
BEGIN;
INSERT INTO one VALUES (2, 'again', 2), (5, '', 5);
UPDATE one SET n = n + 1;
DELETE FROM one WHERE id = 5;
COMMIT;
-- Changes of key.
UPDATE one SET id = 10 WHERE id = 1;
UPDATE one SET id = id + 100, v = 'both';
UPDATE two SET a = 2, b = 'm';
UPDATE whole SET id = 2;
UPDATE keyless SET n = 2 WHERE v = 'x';
DELETE FROM keyless WHERE v IS NULL;
DELETE FROM whole;
-- Values that were not sent.
INSERT INTO big SELECT 1, 1, repeat('t', 3000), decode(repeat('00ff', 1500), 'hex'), array_fill('ta'::text, '{1000}'),
  (repeat('9', 6000))::numeric;
UPDATE big SET n = 2;
UPDATE big SET id = 2;
INSERT INTO typed SELECT 2, s, ok, f, d, m, x, da, ti, ts, tz, u, jb, ia, ta, p, i FROM typed;
INSERT INTO typed (id) VALUES (3);
-- What has no row.
TRUNCATE two;
SELECT pg_logical_emit_message(true, 'shop', 'on its own');
INSERT INTO two VALUES (3, 'n', NULL);
