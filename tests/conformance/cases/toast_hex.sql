-- A placeholder as hexadecimal digits.
-- debezium: unavailable.value.placeholder=hex:2d2d
-- debezium: binary.handling.mode=hex
CREATE DOMAIN bigtext AS text;
CREATE TABLE t (id int PRIMARY KEY, n int, a text, b bytea, c jsonb, d text[], e int[], f bigint[], g varchar(100000), h xml, i numeric, j bigtext, k uuid[], l timestamptz[], o date[], p bool[], q numeric[], r float8[], s json);
DO $$ DECLARE c text; BEGIN FOREACH c IN ARRAY '{a,b,c,d,e,f,g,h,j,k,l,o,p,q,r,s}'::text[] LOOP EXECUTE format('ALTER TABLE t ALTER %I SET STORAGE EXTERNAL', c); END LOOP; END $$;
INSERT INTO t SELECT 1, 1, repeat('x', 9000), decode(repeat('ab', 9000), 'hex'), to_jsonb(repeat('y', 9000)), array_fill('abc'::text, array[3000]), array_fill(1, array[3000]), array_fill(1::bigint, array[3000]), repeat('v', 9000), xmlparse(content repeat('x', 9000)), 1.5, repeat('z', 9000), array_fill('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, array[600]), array_fill('2020-01-01'::timestamptz, array[2000]), array_fill('2020-01-01'::date, array[3000]), array_fill(true, array[9000]), array_fill(1.5, array[3000]), array_fill(1.5::float8, array[3000]), to_json(repeat('y', 9000));
-- stream
UPDATE t SET n = 2;
UPDATE t SET a = '--', b = 'x', j = '--';
UPDATE t SET id = 2;
DELETE FROM t;
