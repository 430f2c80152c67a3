-- Dates and times with every precision.
-- in json and avro
CREATE TABLE days (id int PRIMARY KEY, d date);
INSERT INTO days VALUES (1, '1970-01-01'), (2, '1969-12-31');
CREATE TABLE times (id int PRIMARY KEY, t time, t0 time(0), t1 time(1), t3 time(3), t4 time(4), t6 time(6));
INSERT INTO times VALUES (1, '04:05:06.789012', '04:05:06', '04:05:06.7', '04:05:06.789', '04:05:06.7890', '04:05:06.789012');
CREATE TABLE stamps (id int PRIMARY KEY, t timestamp, t0 timestamp(0), t1 timestamp(1), t2 timestamp(2), t3 timestamp(3), t4 timestamp(4), t5 timestamp(5), t6 timestamp(6));
INSERT INTO stamps VALUES (1, '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56', '2024-02-29 12:34:56.7', '2024-02-29 12:34:56.78', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.7891', '2024-02-29 12:34:56.78912', '2024-02-29 12:34:56.789123');
CREATE TABLE zoned (id int PRIMARY KEY, t timestamptz, t0 timestamptz(0), t3 timestamptz(3), t6 timestamptz(6));
INSERT INTO zoned VALUES (1, '2024-02-29 12:34:56.789012+02', '2024-02-29 12:34:56+02', '2024-02-29 12:34:56.7+02', '2024-02-29 12:34:56.789012-03:30');
-- stream
INSERT INTO days VALUES (3, '2024-02-29'), (4, '0001-01-01'), (5, '9999-12-31'), (6, '1582-10-10'), (7, NULL);
INSERT INTO times VALUES (2, '00:00', '00:00', '00:00', '00:00', '00:00', '00:00'),
  (3, '23:59:59.999999', '23:59:59', '23:59:59.9', '23:59:59.999', '23:59:59.9999', '23:59:59.999999'), (4, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO stamps (id, t, t3) VALUES (2, '1970-01-01', '1970-01-01'), (3, '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999'),
  (4, '0001-01-01', '0001-01-01'), (5, '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999'), (6, '1582-10-10', '1582-10-10'),
  (7, 'infinity', 'infinity'), (8, '-infinity', '-infinity');
INSERT INTO zoned (id, t, t3) VALUES (2, '1970-01-01 00:00+00', '1970-01-01 00:00+00'), (3, '2024-06-01 00:00:00.1+00', '2024-06-01 00:00:00.12+00'),
  (4, 'infinity', '-infinity'), (5, '0001-01-01 00:00+00', '9999-12-31 23:59:59+00');
