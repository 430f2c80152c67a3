-- Types that are more than a number or a text: arrays, enumerations, composites, ranges, documents and addresses.

--- source
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy, very');
CREATE TYPE point3 AS (x int, y text, z numeric[]);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE t (
  id int PRIMARY KEY, ints int[], texts text[], nested int[][], moods mood[], m mood, p point3, ps point3[],
  e email, pc percent, j json, jb jsonb, by bytea, u uuid, r int4range, tr tstzrange, mr int4multirange,
  i inet, c cidr, mac macaddr, x xml, ts tsvector, tq tsquery, pt point, pg polygon, b boolean,
  ch char(5), vc varchar(10), n name, l pg_lsn, hs "char");
INSERT INTO t (id, ints, texts, m) VALUES (1, '{1,2,NULL}', '{"a,b","c\"d",NULL,"NULL",""}', 'sad'), (2, '{}', '{}', 'happy, very');
--- target
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy, very');
CREATE TYPE point3 AS (x int, y text, z numeric[]);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);

--- stream
INSERT INTO t VALUES (3, '[0:2]={1,2,3}', '{"line\nbreak","back\\slash","ünï"}', '{{1,2},{3,4}}', '{sad,"happy, very"}', 'it''s ok',
  '(1,"a,\"b\"\\","{1.0,NULL}")', ARRAY['(1,,)'::point3, NULL], 'a@b', 12.50, '{"a":  1, "a": 2}', '{"b": [1.0, null, "é\u0001"], "a": {}}',
  '\x00ff5c27', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '[1,10)', '[2020-01-01 00:00+00,)', '{[1,3),[5,7)}',
  '192.168.1.5/24', '10.0.0.0/8', '08:00:2b:01:02:03', '<a b="c">d &amp; e</a>', 'a:1 fat:2A cat:3', 'fat & (rat | cat:*)', '(1.5,-2)', '((0,0),(1,1),(1,0))', true,
  'ab', 'abc  ', 'a name', '16/B374D848', 'c');
INSERT INTO t (id, r, jb, j, by, ch) VALUES (4, 'empty', 'null', 'null', '', '');
UPDATE t SET ints = ints || 4, b = false WHERE id = 1;
UPDATE t SET r = '(,)', jb = '"text"', e = 'x@y' WHERE id = 4;
DELETE FROM t WHERE id = 2;
