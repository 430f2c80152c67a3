-- Text is bytes that nobody interprets: separators, quotes, backslashes, control characters, many bytes, nothing.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, b varchar);
INSERT INTO t VALUES (1, E'tab\there', E'new\nline\r\n'), (2, '', NULL), (3, NULL, ''), (4, '\N', '\.'), (5, E'\\', E'\\\\n'), (6, 'NULL', 'null');

--- stream
INSERT INTO t VALUES (11, E'tab\there', E'new\nline\r\n'), (12, '', NULL), (13, NULL, ''), (14, '\N', '\.'), (15, E'\\', E'\\\\n'), (16, 'NULL', '{}'),
  (17, E'\x01\x02\x1f\x7f\b\f\v', '''"`$$'), (18, 'žluťoučký 你好 🦀 ' || U&'\200D\FEFF\FFFD', U&'\0301e\00A0'), (19, '\u0000', '\x00'), (20, '{"a": "\u0000"}', '</script>'),
  (21, E'\u2028\u2029', E' lead and trail ');
INSERT INTO t SELECT i, E'a\tb\\c\n' || i, NULL FROM generate_series(100, 400) i;
UPDATE t SET a = E'back\\slash \\N' WHERE id < 4;
UPDATE t SET b = a, a = b WHERE id > 10;
