-- Values out of line that an update leaves alone: the placeholder of each type.
-- in json and avro
CREATE TABLE big (id int PRIMARY KEY, n int, t text, v varchar, j json, jb jsonb, x bytea,
  ta text[], va varchar[], ia int[], la bigint[], sa smallint[], xa bytea[], ua uuid[], da date[], num numeric);
ALTER TABLE big ALTER t SET STORAGE EXTERNAL, ALTER v SET STORAGE EXTERNAL, ALTER j SET STORAGE EXTERNAL,
  ALTER jb SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL, ALTER ta SET STORAGE EXTERNAL,
  ALTER va SET STORAGE EXTERNAL, ALTER ia SET STORAGE EXTERNAL, ALTER la SET STORAGE EXTERNAL,
  ALTER sa SET STORAGE EXTERNAL, ALTER xa SET STORAGE EXTERNAL, ALTER ua SET STORAGE EXTERNAL,
  ALTER da SET STORAGE EXTERNAL, ALTER num SET STORAGE EXTERNAL;
CREATE TABLE whole (id int PRIMARY KEY, n int, t text, x bytea);
ALTER TABLE whole ALTER t SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
-- stream
INSERT INTO big SELECT 1, 1, repeat('t', 3000), repeat('v', 3000), to_json(repeat('j', 3000)), to_jsonb(repeat('b', 3000)),
  decode(repeat('00ff', 1500), 'hex'), array_fill('ta'::text, '{1000}'), array_fill('va'::varchar, '{1000}'),
  array_fill(1, '{1000}'), array_fill(2::bigint, '{1000}'), array_fill(3::smallint, '{2000}'),
  array_fill('\x01'::bytea, '{1000}'), array_fill('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{300}'),
  array_fill('2024-01-02'::date, '{1000}'), (repeat('9', 6000))::numeric;
UPDATE big SET n = 2;
UPDATE big SET id = 2;
UPDATE big SET t = 'short';
-- What looks like one and is none.
UPDATE big SET v = '__debezium_unavailable_value', ta = '{__debezium_unavailable_value}';
INSERT INTO whole VALUES (1, 1, repeat('t', 3000), decode(repeat('00ff', 1500), 'hex'));
UPDATE whole SET n = 2;
