-- Values at the edges of their types arrive as they are: not a number, infinities, dates before Christ, the largest
-- and the smallest.

--- source
CREATE TABLE n (id int PRIMARY KEY, a numeric, b numeric(20,5), f float4, d float8, i bigint, s smallint, m money, o oid, bits bit(5), vb bit varying);
CREATE TABLE d (id int PRIMARY KEY, a date, t time, tz timetz, ts timestamp, tstz timestamptz, iv interval, p timestamptz(0));
INSERT INTO n (id, a, f, d) VALUES (1, 'NaN', 'NaN', 'NaN'), (2, 'Infinity', 'Infinity', 'Infinity'), (3, '-Infinity', '-Infinity', '-Infinity');
INSERT INTO d (id, a, ts, tstz) VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity'),
  (3, '0044-03-15 BC', '4713-01-01 00:00:00 BC', '0001-01-01 00:00:00+00 BC');

--- stream
INSERT INTO n VALUES (4, 1e100, -99999.12345, 1.17549435e-38, 5e-324, 9223372036854775807, -32768, '-12.50', 4294967295, B'10101', B''),
  (5, 0.000000000000000000000000000001, 0, -0.0, 1.7976931348623157e308, -9223372036854775808, 32767, '92233720368547758.07', 0, B'00000', B'1'),
  (6, 123456789012345678901234567890.12345678901234567890, 1.10000, 0.1, 0.1, 0, 0, 0, 1, NULL, NULL);
INSERT INTO n (id, a, f, d) VALUES (7, 'NaN', 'NaN', 'NaN'), (8, 'Infinity', '-Infinity', 'Infinity'), (9, 1.000, 1e10, 1e21);
UPDATE n SET b = 1 WHERE id IN (1, 2);
INSERT INTO d VALUES (4, '5874897-12-31', '24:00:00', '23:59:59.999999+15:59:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '178000000 years', '1999-12-31 23:59:59.9+00'),
  (5, '4713-01-01 BC', '00:00:00.000001', '00:00:00-15:59', '0001-12-31 23:59:59.999999 BC', '4713-01-01 00:00:00+00 BC', '-1 years -2 mons +3 days -04:05:06.000007', NULL),
  (6, '1582-10-15', '12:00', '12:00+00', '1970-01-01', '1969-12-31 23:59:59.999999+00', '0', '2000-01-01'),
  (7, 'infinity', '12:00:00.5', '12:00:00.5-03:30', 'infinity', '-infinity', '1 mon -1 day', 'infinity');
DELETE FROM n WHERE id = 8;
UPDATE d SET a = '0001-01-01 BC' WHERE id = 1;
