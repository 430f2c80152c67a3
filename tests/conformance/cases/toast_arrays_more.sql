-- Values of arrays that are not sent, of types that Debezium has no placeholder for, and of some that it has.
-- in json and avro
CREATE EXTENSION citext; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, n int, sm int2[], oi oid[], ne inet[], ci cidr[], ma macaddr[], m8 macaddr8[], ct citext[], lt ltree[], mo mood[], ch "char"[], r4 int4range[], r8 int8range[], rn numrange[], rd daterange[], rt tsrange[], rz tstzrange[], ta text[], vc varchar(20)[], ua uuid[], ia int[], la bigint[]);
DO $$ DECLARE c text; BEGIN FOREACH c IN ARRAY '{sm,oi,ne,ci,ma,m8,ct,lt,mo,ch,r4,r8,rn,rd,rt,rz,ta,vc,ua,ia,la}'::text[] LOOP EXECUTE format('ALTER TABLE t ALTER %I SET STORAGE EXTERNAL', c); END LOOP; END $$;
-- stream
INSERT INTO t SELECT 1, 1, array_agg(i::int2), array_agg(i::oid), array_agg(('10.0.' || i / 256 || '.' || i % 256)::inet), array_agg(('10.0.' || i / 256 || '.' || i % 256)::cidr), array_agg(('08:00:2b:01:' || lpad(to_hex(i / 256), 2, '0') || ':' || lpad(to_hex(i % 256), 2, '0'))::macaddr), array_agg(('08:00:2b:01:02:03:' || lpad(to_hex(i / 256), 2, '0') || ':' || lpad(to_hex(i % 256), 2, '0'))::macaddr8), array_agg(i::text::citext), array_agg(('a.b' || i)::ltree), array_agg((CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'ok' END)::mood), array_fill('c'::"char", ARRAY[3000]), array_agg(int4range(i, i + 5)), array_agg(int8range(i, i + 5)), array_agg(numrange(i, i + 5)), array_agg(daterange(date '2000-01-01', date '2000-01-02' + i)), array_agg(tsrange(timestamp '2000-01-01', timestamp '2000-01-02' + i * interval '1 day')), array_agg(tstzrange(timestamptz '2000-01-01 00:00:00+00', timestamptz '2000-01-02 00:00:00+00' + i * interval '1 day')), array_agg(i::text), array_agg(i::text), array_agg(gen_random_uuid()), array_agg(i), array_agg(i) FROM generate_series(1, 1000) i;
UPDATE t SET n = 2;
UPDATE t SET ne = '{10.0.0.1}', ta = '{a}';
DELETE FROM t;
