-- Whole numbers, floats and numerics.
-- in json and avro
CREATE TABLE ints (id int PRIMARY KEY, s smallint, i int, l bigint, b boolean);
INSERT INTO ints VALUES (1, -32768, -2147483648, -9223372036854775808, true), (2, 32767, 2147483647, 9223372036854775807, false);
CREATE TABLE floats (id int PRIMARY KEY, r real, d double precision);
INSERT INTO floats VALUES (1, 0, 0), (2, 1, 1), (3, '-0', '-0'), (4, 'NaN', 'NaN'), (5, 'Infinity', '-Infinity');
CREATE TABLE numerics (id int PRIMARY KEY, p numeric(10,2), w numeric(5), v numeric, wide numeric(38,20));
INSERT INTO numerics VALUES (1, 1.5, 12345, 1.5, 1), (2, -0.01, -1, -0.01, -0.00000000000000000001);
-- stream
INSERT INTO ints VALUES (3, 0, 0, 0, NULL), (4, NULL, NULL, NULL, true);
INSERT INTO floats VALUES (6, 1.5, 1.5), (7, 1e20, 1e20), (8, 1e-5, 1e-5), (9, 0.1, 0.1), (10, 123456, 123456), (11, 1234567, 1234567),
  (12, 12345678, 12345678), (13, 1e7, 1e7), (14, 0.001, 0.001), (15, 0.0001, 0.0001), (16, 3.4028235e38, 1.7976931348623157e308),
  (17, 1e10, 2.2250738585072014e-308), (19, 1e14, 1e15), (18, 1e9, 1e16), (21, 9999999, 9999999),
  (22, 100, 100), (23, 0.3, 0.30000000000000004), (24, -1.25e-10, -1.25e-10), (25, 1e6, 123456789012345680), (26, NULL, NULL);
INSERT INTO numerics VALUES (3, 0, 0, 0, 0), (4, 99999999.99, 99999, 123456789012345678901234567890.123456789, 123456789012345678),
  (5, NULL, NULL, 100, NULL), (6, 1, 1, 1e100, 1), (7, 1, 1, 1e-50, 1), (8, 1, 1, -255, 1), (9, 128, 128, 128, 128);
