-- Dates and times in arrays, with precision and without end.
CREATE TABLE a (id int PRIMARY KEY, day date[], tm time[], tm3 time(3)[], ts timestamp[], ts3 timestamp(3)[], tz timestamptz[], tz3 timestamptz(3)[]);
INSERT INTO a VALUES (1, '{1969-12-31,NULL}', '{00:00,23:59:59.999999}', '{01:02:03.45}', '{1970-01-01 00:00,2024-02-29 12:34:56.789012}',
  '{2024-02-29 12:34:56.789}', '{2024-02-29 12:34:56+00}', '{2024-02-29 12:34:56.7+00}');
-- stream
INSERT INTO a SELECT 2, day, tm, tm3, ts, ts3, tz, tz3 FROM a;
INSERT INTO a (id, day) VALUES (3, '{infinity,-infinity}');
INSERT INTO a (id, ts, ts3) VALUES (4, '{infinity,-infinity}', '{infinity,-infinity}');
INSERT INTO a (id, tz) VALUES (5, '{infinity,-infinity}');
