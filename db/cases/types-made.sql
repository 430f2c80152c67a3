-- A table that the target lacks is made with the source's columns, types and key; enumerations are made with it. It
-- is made though it holds no row, and so is its schema.

--- source
CREATE SCHEMA "Other";
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE empty (a int, "B" varchar(20) NOT NULL, c numeric(10,2), d timestamptz(3), e mood, f int[], PRIMARY KEY (a, "B"));
CREATE TABLE "Other"."T" (id bigint PRIMARY KEY, j jsonb);
--- pipeline
-- source: { postgres: { tables: ["public.*", '"Other"."T"'] } }

--- start
--- expect rows target
SELECT c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relname IN ('empty', 'T') AND c.relkind = 'r' ORDER BY c.relname COLLATE "C", a.attnum;
-- "Other"."T" | id | bigint | t
-- "Other"."T" | j | jsonb | f
-- empty | a | integer | t
-- empty | B | character varying(20) | t
-- empty | c | numeric(10,2) | f
-- empty | d | timestamp(3) with time zone | f
-- empty | e | mood | f
-- empty | f | integer[] | f
--- expect rows target
SELECT indrelid::regclass, indkey FROM pg_index WHERE indisprimary AND indrelid IN ('empty'::regclass, '"Other"."T"'::regclass) ORDER BY indnatts;
-- "Other"."T" | 1
-- empty | 1 2

--- stream
INSERT INTO empty VALUES (1, 'x', 1.5, now(), 'sad', '{1}');
INSERT INTO "Other"."T" VALUES (1, '{}');
--- expect equal
