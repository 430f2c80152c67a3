-- Arrays of each element type.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE arrays (id int PRIMARY KEY, i int[], l bigint[], s smallint[], t text[], v varchar(5)[], c char(3)[], b boolean[], r real[], d double precision[],
  u uuid[], x bytea[], j json[], jb jsonb[], day date[], ts timestamp[], ts3 timestamp(3)[], tz timestamptz[], tm time[], p numeric(6,2)[], n numeric[], m mood[]);
INSERT INTO arrays VALUES (1, '{1,2}', '{1}', '{-1}', '{a,"b c",""}', '{x}', '{x}', '{t,f}', '{1,1.5}', '{0.1,1e20}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
  '{"\\x01ff"}', '{"{\"a\": 1}"}', '{"{\"a\": 1}"}', '{2024-01-02}', '{"2024-01-02 03:04:05.6"}', '{"2024-01-02 03:04:05.6"}', '{"2024-01-02 03:04:05.6+00"}', '{03:04:05}', '{1.5}', '{1.5}', '{sad,ok}');
-- stream
INSERT INTO arrays VALUES (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
INSERT INTO arrays (id, i, t, d) VALUES (3, '{NULL,1}', '{NULL,"NULL","x\"y\\z"}', '{NaN}');
INSERT INTO arrays (id) VALUES (4);
INSERT INTO arrays SELECT 5, i, l, s, t, v, c, b, r, d, u, x, j, jb, day, ts, ts3, tz, tm, p, n, m FROM arrays WHERE id = 1;
