-- Dates and times that few calendars have.
CREATE TABLE days (id int PRIMARY KEY, d date);
CREATE TABLE stamps (id int PRIMARY KEY, t timestamp, z timestamptz);
CREATE TABLE times (id int PRIMARY KEY, t time, t3 time(3));
-- stream
INSERT INTO days VALUES (1, '0044-03-15 BC'), (2, '20000-01-01'), (3, '5874897-12-31'), (4, '4713-01-01 BC');
INSERT INTO days VALUES (5, 'infinity'), (6, '-infinity');
INSERT INTO stamps VALUES (1, '0044-03-15 01:02:03 BC', '0044-03-15 01:02:03+00 BC'), (2, '20000-01-01', '20000-01-01 00:00+00'),
  (3, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00'), (4, '4713-01-01 BC', '4713-01-01 00:00+00 BC');
INSERT INTO times VALUES (1, '24:00', '24:00');
