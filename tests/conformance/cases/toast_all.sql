CREATE EXTENSION hstore;
-- in json and avro
CREATE TABLE t (id int PRIMARY KEY, n int, v varchar, c char(3000), j json, jb jsonb, x xml, b bytea, h hstore, ta text[], va varchar[], ja json[], ia int[], la bigint[], da date[], ua uuid[], ba bytea[], nn text NOT NULL, bi bit varying, nu numeric, ts tsvector, i2 int2[], fa float8[], ea inet[]);
ALTER TABLE t ALTER v SET STORAGE EXTERNAL, ALTER j SET STORAGE EXTERNAL, ALTER jb SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL, ALTER h SET STORAGE EXTERNAL, ALTER ta SET STORAGE EXTERNAL, ALTER va SET STORAGE EXTERNAL, ALTER ja SET STORAGE EXTERNAL, ALTER ia SET STORAGE EXTERNAL, ALTER la SET STORAGE EXTERNAL, ALTER da SET STORAGE EXTERNAL, ALTER ua SET STORAGE EXTERNAL, ALTER ba SET STORAGE EXTERNAL, ALTER nn SET STORAGE EXTERNAL, ALTER fa SET STORAGE EXTERNAL, ALTER ea SET STORAGE EXTERNAL;
-- stream
INSERT INTO t (id, n, v, j, jb, x, b, h, nn) VALUES (1, 1, repeat('x', 3000), to_json(repeat('j', 3000)), to_jsonb(repeat('b', 3000)), ('<a>' || repeat('x', 3000) || '</a>')::xml, repeat('b', 3000)::bytea, hstore('k', repeat('h', 3000)), repeat('n', 3000));
UPDATE t SET n = 2 WHERE id = 1;
INSERT INTO t (id, n, ta, va, ja, ia, la, da, ua, ba, nn) SELECT 2, 1, array_agg(i::text), array_agg(i::text), array_agg(to_json(i)), array_agg(i), array_agg(i), array_agg(date '2000-01-01' + i), array_agg(gen_random_uuid()), array_agg(i::text::bytea), 'n' FROM generate_series(1, 2000) i;
UPDATE t SET n = 2 WHERE id = 2;
INSERT INTO t (id, n, nn, bi) VALUES (3, 1, 'n', repeat('10', 20000)::varbit);
UPDATE t SET n = 2 WHERE id = 3;
