-- Keys that are equal and look different, 1.0 and 1.00, are one key.

--- source
CREATE TABLE t (id numeric PRIMARY KEY, a text);
CREATE TABLE f (id float8 PRIMARY KEY, a text);
INSERT INTO t VALUES (1.0, 'one'), (2, 'two');
INSERT INTO f VALUES (0, 'zero'), ('NaN', 'nan');

--- stream
UPDATE t SET id = 1.00, a = 'changed' WHERE id = 1;
UPDATE t SET a = 'again' WHERE id = 1.000;
DELETE FROM t WHERE id = 2.0;
INSERT INTO t VALUES (2.000, 'new two');
INSERT INTO t VALUES (3.0, 'x');
DELETE FROM t WHERE id = 3;
INSERT INTO t VALUES (3.00, 'y');
UPDATE f SET id = '-0', a = 'minus' WHERE id = 0;
UPDATE f SET a = 'still nan' WHERE id = 'NaN';
DELETE FROM f WHERE id = 0;
INSERT INTO f VALUES (0, 'plus');
