-- Keys of text are told apart by every byte, however odd they are.

--- source
CREATE TABLE t (a text, b text, n int, PRIMARY KEY (a, b));
INSERT INTO t VALUES ('', '', 0), ('a', 'bc', 1), ('ab', 'c', 2), (E'tab\t', E'\n', 3), ('A', 'bc', 4), ('é', '', 5), (U&'e\0301', '', 6);

--- stream
UPDATE t SET n = n + 10;
UPDATE t SET a = 'a', b = 'b' || E'\t' WHERE n = 11;
DELETE FROM t WHERE a = 'ab';
INSERT INTO t VALUES ('ab', 'c', 99), ('"', '\', 100), ('a b', ' ', 101);
UPDATE t SET b = b || ' ' WHERE a = '';
UPDATE t SET n = -1 WHERE a = 'é';
