-- Times in numbers, each a field.
-- in json and avro
-- debezium: time.precision.mode=structured
CREATE TABLE t (id int PRIMARY KEY, d date, t time, t0 time(0), t3 time(3), ts timestamp, ts0 timestamp(0), ts3 timestamp(3), tz timestamptz, tz0 timestamptz(0), tz3 timestamptz(3), nd date NOT NULL, nt time NOT NULL, nts timestamp NOT NULL, ntz timestamptz NOT NULL);
CREATE TABLE z (id int PRIMARY KEY, t timetz, t0 timetz(0), t3 timetz(3), nt timetz NOT NULL, i interval, i0 interval(0), i3 interval(3), iy interval year to month, ni interval NOT NULL);
CREATE TABLE a (id int PRIMARY KEY, d date[], t time[], t3 time(3)[], ts timestamp[], ts3 timestamp(3)[], tz timestamptz[], tt timetz[], i interval[]);
CREATE DOMAIN birth AS date;
CREATE DOMAIN at3 AS timestamp(3);
CREATE TABLE dom (id int PRIMARY KEY, b birth, a at3);
CREATE TABLE k (d date, t timestamp(3), v text, PRIMARY KEY (d, t));
CREATE TABLE f (id int PRIMARY KEY, d date NOT NULL DEFAULT '2020-01-02', t time NOT NULL DEFAULT '01:02:03', ts timestamp NOT NULL DEFAULT '2020-01-02 03:04:05', tz timestamptz NOT NULL DEFAULT '2020-01-02 03:04:05+00', n timestamptz NOT NULL DEFAULT now(), i interval DEFAULT '1 day', tt timetz DEFAULT '01:02:03+05');
INSERT INTO t VALUES (1, '2024-02-29', '04:05:06.789', '04:05:06', '04:05:06.789', '2024-02-29 04:05:06.789', '2024-02-29 04:05:06', '2024-02-29 04:05:06.789', '2024-02-29 04:05:06.789+00', '2024-02-29 04:05:06+00', '2024-02-29 04:05:06.789+02', '2024-01-01', '00:00', '2024-01-01', '2024-01-01 00:00+00');
INSERT INTO z VALUES (1, '04:05:06.789+02', '04:05:06-08', '04:05:06.789+05:30', '00:00+00', '1 year 2 mons 3 days 04:05:06.789', '04:05:06', '-00:00:00.5', '1 year 2 months', '0');
INSERT INTO a VALUES (1, '{2024-02-29,NULL}', '{04:05:06.789}', '{04:05:06.789}', '{2024-02-29 04:05:06}', '{2024-02-29 04:05:06.5}', '{2024-02-29 04:05:06+00}', '{04:05:06+02}', '{1 day}');
INSERT INTO dom VALUES (1, '2024-02-29', '2024-02-29 04:05:06.789');
INSERT INTO k VALUES ('2024-02-29', '2024-02-29 04:05:06.789', 'a');
INSERT INTO f (id, n) VALUES (1, '2020-01-01 00:00+00');
-- stream
INSERT INTO t VALUES (2, '0044-03-15 BC', '23:59:59.999999', '00:00:00', '00:00:00.001', '0044-03-15 23:59:59.999 BC', '1969-12-31 23:59:59', '1969-12-31 23:59:59.5', '0044-03-15 23:59:59.5+00 BC', '1969-12-31 23:59:59+00', '1969-12-31 23:59:59.5+00', '2024-01-01', '12:00', '2024-01-01', '2024-01-01 00:00+00');
INSERT INTO t VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-01-01', '12:00', '2024-01-01', '2024-01-01 00:00+00');
INSERT INTO t VALUES (4, 'infinity', NULL, NULL, NULL, 'infinity', '-infinity', 'infinity', 'infinity', '-infinity', 'infinity', '-infinity', '12:00', '-infinity', '-infinity');
INSERT INTO t VALUES (5, '12345-01-01', '00:00:00.1', NULL, NULL, '12345-01-01 00:00:00', NULL, NULL, '12345-01-01 00:00:00+00', NULL, NULL, '5874897-12-31', '12:00', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00');
INSERT INTO z VALUES (2, '23:59:59.999999-15:59', '00:00:00+15:59:59', '00:00:00.001-00:30', '12:00-08', '-1 year -2 mons +3 days -04:05:06.789', '1 day -00:00:01', '0.001 s', '-1 month', '-178000000 years');
INSERT INTO z VALUES (3, NULL, NULL, NULL, '12:00-08', NULL, NULL, NULL, NULL, '999 days 23:59:59.999999');
INSERT INTO a VALUES (2, '{}', NULL, NULL, '{1969-12-31 23:59:59.5,NULL}', NULL, '{2024-02-29 04:05:06.5+02}', NULL, '{-1 mon,00:00:00.000001}');
INSERT INTO dom VALUES (2, NULL, NULL);
UPDATE k SET v = 'b';
UPDATE k SET d = '2024-03-01';
DELETE FROM k;
INSERT INTO f (id, n) VALUES (2, '2021-01-01 00:00+00');
UPDATE f SET n = '2022-01-01 00:00+00';
DELETE FROM t;
DELETE FROM z;
