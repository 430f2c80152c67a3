-- Numeric defaults that Java has no number for, or another than the column's: none. In the mode double.
-- in json and avro
-- debezium: decimal.handling.mode=double
CREATE TABLE d (id int PRIMARY KEY, nan numeric DEFAULT 'NaN', nans numeric(6,2) DEFAULT 'NaN', inf numeric DEFAULT 'Infinity', minus numeric DEFAULT '-Infinity', more numeric(6,2) DEFAULT 1.555, zeros numeric(6,2) DEFAULT 1.500, fewer numeric(6,2) DEFAULT 1.5, whole numeric(6,0) DEFAULT 1.5, free numeric DEFAULT 1.555, neg numeric(6,2) DEFAULT -0.001);
INSERT INTO d (id, nan, nans, inf, minus) VALUES (1, 1, 1, 1, 1);
-- stream
INSERT INTO d (id, nan, nans, inf, minus) VALUES (2, 2, 2, 2, 2);
