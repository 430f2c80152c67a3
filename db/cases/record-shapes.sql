-- Records with keys, names and a placeholder of the pipeline's own: the target has the source's keys, names and values.
--- pipeline
-- source: { postgres: { message_key_columns: "public.docs:kind,No-1;public.free:a", unavailable_value_placeholder: "?é", field_name_adjustment_mode: avro_unicode, schema_name_adjustment_mode: avro, column_propagate_source_type: [".*"] } }
-- kafka: { partitions: 3 }

--- source
CREATE TABLE docs (id int PRIMARY KEY, "No-1" int NOT NULL, kind text, "a.b" text, body text, list int[]);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
CREATE TABLE free (a int, b text);
ALTER TABLE free REPLICA IDENTITY FULL;
INSERT INTO docs SELECT i, i % 3, 'k' || i % 2, '?é', repeat('x', 9000), '{}' FROM generate_series(1, 30) i;
INSERT INTO free VALUES (1, 'x'), (1, 'x'), (2, 'y');

--- stream
UPDATE docs SET kind = 'moved' WHERE id < 5;
UPDATE docs SET id = id + 100 WHERE id < 10;
UPDATE docs SET "No-1" = 7, id = id + 100 WHERE id BETWEEN 10 AND 12;
UPDATE docs SET body = '?é', list = '{63,-61,-87}' WHERE id = 20;
UPDATE docs SET "a.b" = NULL WHERE id > 20;
DELETE FROM docs WHERE id IN (101, 110, 13);
INSERT INTO docs VALUES (13, 1, NULL, 'again', 'short', NULL);
UPDATE free SET a = 3 WHERE b = 'y';
UPDATE free SET b = 'z' WHERE a = 1;
DELETE FROM free WHERE a = 3;

--- expect equal
--- expect rows target
SELECT id, "No-1", kind, "a.b", body, list FROM docs WHERE id IN (13, 20) ORDER BY id;
-- 13 | 1 | NULL | again | short | NULL
-- 20 | 2 | k0 | ?é | ?é | {63,-61,-87}
SELECT a, b FROM free;
-- 1 | z
-- 1 | z
