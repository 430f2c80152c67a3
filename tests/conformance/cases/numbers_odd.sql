-- Numbers that Java's types do not have, or print with more digits than they need.
-- in json and avro
CREATE TABLE floats (id int PRIMARY KEY, r real, d double precision);
CREATE TABLE numerics (id int PRIMARY KEY, p numeric(10,2), v numeric);
INSERT INTO numerics VALUES (1, 'NaN', 'NaN'), (2, NULL, 'Infinity'), (3, NULL, '-Infinity');
CREATE TABLE scales (id int PRIMARY KEY, v numeric);
INSERT INTO scales VALUES (1, 1.50);
-- stream
INSERT INTO floats VALUES (1, 1.1754944e-38, 2), (2, 1e-45, 5e-324), (3, 1e15, 2e-323), (4, 1e16, 1e23), (5, 2, 2.0e-3);
INSERT INTO numerics VALUES (4, 'NaN', 'NaN'), (5, NULL, 'Infinity'), (6, NULL, '-Infinity');
INSERT INTO scales VALUES (2, 1.50), (3, 100.000), (4, 0.00);
