-- Tables that one half renames are meant by their new names in the other half, and in the target's own names; also where
-- some tables are followed and not copied.

--- pipeline
-- transforms:
--   - rename: { table: public.people, to: crm.persons }
-- sink:
--   transforms:
--     - drop: { columns: [crm.persons.note] }
--     - rename: { table: public.plain, to: crm.plain }
--   postgres:
--     tables: { crm.persons: crm.folk, public.later: crm.later }
-- source:
--   postgres:
--     snapshot_include_collection_list: ['public\.people', 'public\.plain']
--- source
CREATE TABLE people (id int PRIMARY KEY, name text, note text);
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE later (id int PRIMARY KEY, v text);
INSERT INTO people VALUES (1, 'Ada', 'canary'); INSERT INTO plain VALUES (1); INSERT INTO later VALUES (1, 'not copied');

--- stream
INSERT INTO people VALUES (2, 'Bob', 'canary');
INSERT INTO plain VALUES (2);
INSERT INTO later VALUES (2, 'followed');
--- expect rows target
SELECT * FROM crm.folk ORDER BY id;
-- 1 | Ada
-- 2 | Bob
--- expect rows target
SELECT * FROM crm.plain ORDER BY id;
-- 1
-- 2
--- expect rows target
SELECT * FROM crm.later ORDER BY id;
-- 2 | followed
