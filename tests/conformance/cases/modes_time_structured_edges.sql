-- Times in numbers, at their ends, alone and as defaults.
-- debezium: time.precision.mode=structured
CREATE TABLE days (id int PRIMARY KEY, d date);
CREATE TABLE stamps (id int PRIMARY KEY, t timestamp, z timestamptz);
CREATE TABLE times (id int PRIMARY KEY, t time, t3 time(3), z timetz);
CREATE TABLE d (id int PRIMARY KEY, d1 date DEFAULT 'infinity', d2 date DEFAULT '-infinity', d3 date NOT NULL DEFAULT '0044-03-15 BC', t1 timestamp DEFAULT 'infinity', t2 timestamp DEFAULT '-infinity', t3 timestamp(3) NOT NULL DEFAULT 'infinity', z1 timestamptz DEFAULT 'infinity', tm time DEFAULT '24:00:00', tn time NOT NULL DEFAULT '01:02:03', bc timestamp DEFAULT '0044-03-15 01:02:03 BC', iv interval NOT NULL DEFAULT '-1 mon', tz6 timestamptz(6) NOT NULL DEFAULT '1900-01-01 00:00:00.5+01');
CREATE TABLE part (id int, at timestamptz NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE part_2024 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE whole (id int PRIMARY KEY, at timestamptz, iv interval, big text);
ALTER TABLE whole REPLICA IDENTITY FULL;
ALTER TABLE whole ALTER big SET STORAGE EXTERNAL;
INSERT INTO times VALUES (1, '24:00', '24:00', '24:00+00');
INSERT INTO days VALUES (1, '0044-03-15 BC'), (2, '20000-01-01'), (3, '5874897-12-31'), (4, '4713-01-01 BC'), (5, 'infinity'), (6, '-infinity');
INSERT INTO stamps VALUES (1, '0044-03-15 01:02:03 BC', '0044-03-15 01:02:03+00 BC'), (2, 'infinity', '-infinity'), (3, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00');
INSERT INTO d (id) VALUES (1);
-- stream
INSERT INTO days VALUES (11, '0044-03-15 BC'), (12, '20000-01-01'), (13, '5874897-12-31'), (14, '4713-01-01 BC'), (15, 'infinity'), (16, '-infinity');
INSERT INTO stamps VALUES (11, '0044-03-15 01:02:03 BC', '0044-03-15 01:02:03+00 BC'), (12, '20000-01-01', '20000-01-01 00:00+00'), (13, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00'), (14, '4713-01-01 BC', '4713-01-01 00:00+00 BC'), (15, 'infinity', '-infinity');
INSERT INTO times VALUES (2, '24:00', '24:00', '24:00+00'), (3, '23:59:60', '00:00', '24:00-05');
INSERT INTO d (id) VALUES (2);
DELETE FROM d;
INSERT INTO part VALUES (1, '2024-02-03 04:05:06.7+00', 'a');
UPDATE part SET v = 'b';
DELETE FROM part;
INSERT INTO whole VALUES (1, '2024-02-03 04:05:06.7+00', '1 mon -1 day', repeat('x', 9000));
UPDATE whole SET iv = '2 days';
DELETE FROM whole;
