-- Composite keys have their fields in the order of the index; each is a record key of its own partition.
-- debezium: topic.creation.default.partitions=3
CREATE TABLE k (a int, b text, c bigint, d uuid, v text, PRIMARY KEY (b, d, c, a));
INSERT INTO k VALUES (1, 'x', 3, '9f0c2a36-37a1-4ac4-8b4b-6f2a5a0c9f4e', 'v');
CREATE TABLE t (id text PRIMARY KEY, v text);
CREATE TABLE stamps (at timestamp, day date, PRIMARY KEY (day, at));
-- stream
INSERT INTO k SELECT n, 'ä"\' || n, n, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'w' FROM generate_series(1, 10) n;
UPDATE k SET v = 'y' WHERE a = 1;
DELETE FROM k WHERE a = 2;
INSERT INTO t SELECT 'key' || n, n FROM generate_series(1, 10) n;
INSERT INTO t VALUES ('', 'empty'), (E'tab\tline\nctrl\x01\x7f', 'control'), ('日本😀', 'wide'), ('</script>', 'slash');
INSERT INTO stamps VALUES ('2024-02-29 12:00:00.000001', '2024-02-29');
