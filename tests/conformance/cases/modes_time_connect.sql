-- Times in the mode connect.
-- in json and avro
-- debezium: time.precision.mode=connect
CREATE TABLE t (id int PRIMARY KEY, d date, t time, t0 time(0), t3 time(3), ts timestamp, ts0 timestamp(0), ts3 timestamp(3), tz timestamptz, nd date NOT NULL, nt time NOT NULL, nts timestamp NOT NULL, ntz timestamptz NOT NULL, dd date NOT NULL DEFAULT '2020-01-02', dt time NOT NULL DEFAULT '01:02:03', dts timestamp NOT NULL DEFAULT '2020-01-02 03:04:05');
INSERT INTO t VALUES (1, '2024-02-29', '04:05:06.789', '04:05:06', '04:05:06.789', '2024-02-29 04:05:06.789', '2024-02-29 04:05:06', '2024-02-29 04:05:06.789', '2024-02-29 04:05:06.789+00', '2024-01-01', '00:00', '2024-01-01', '2024-01-01 00:00+00');
-- stream
INSERT INTO t VALUES (2, '1969-12-31', '23:59:59.999', '00:00:00', '00:00:00.001', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59', '1969-12-31 23:59:59.5', '1969-12-31 23:59:59.5+00', '2024-01-01', '12:00', '2024-01-01', '2024-01-01 00:00+00');
INSERT INTO t VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-01-01', '12:00', '2024-01-01', '2024-01-01 00:00+00');
DELETE FROM t;
