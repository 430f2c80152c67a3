-- Text of every kind, uuid, json, enum and bytea.
-- in json and avro
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy "quoted"');
CREATE TABLE texts (id int PRIMARY KEY, t text, v varchar(20), c char(5), c1 "char", u uuid, j json, jb jsonb, m mood, x bytea);
INSERT INTO texts VALUES (1, 'plain', 'var', 'ab', 'c', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"a":  1, "a": 2}', '{"b": 1.0, "a": [null]}', 'ok', '\x00ff10');
-- stream
INSERT INTO texts VALUES (2, E'quote" back\\ tab\t nl\n cr\r bell\x07 del\x7f', 'ä€😀', 'ä', 'd', NULL, '[1, 2.50]', '"s"', 'happy "quoted"', '');
INSERT INTO texts VALUES (3, '', '', '', '', '00000000-0000-0000-0000-000000000000', 'null', 'null', 'sad', decode('0102030405', 'hex'));
INSERT INTO texts (id) VALUES (4);
INSERT INTO texts (id, t, jb) VALUES (5, E'\u2028\u2029\u00a0/<>&''', '{"e": "\u00e9", "big": 1e30}');
