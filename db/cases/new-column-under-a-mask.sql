-- A new column of a masked table may hold what must not leave: the pipeline halts before its first value does, and
-- goes on as the file then says.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email], with: hmac, key: { env: E2E_MASK_KEY } }
--- source
CREATE TABLE people (id int PRIMARY KEY, email text);
INSERT INTO people VALUES (1, 'canary@a.b');

--- stream halts new_column
INSERT INTO people VALUES (2, 'canary2@a.b');
ALTER TABLE people ADD COLUMN phone text;
INSERT INTO people VALUES (3, 'canary3@a.b', 'canary-phone');

--- expect nowhere
-- canary
--- expect rows target
SELECT id FROM people ORDER BY 1;
-- 1
-- 2

--- pipeline
-- new_columns: drop
--- start
--- stream
INSERT INTO people VALUES (4, 'canary4@a.b', 'canary-phone');
--- expect nowhere
-- canary
--- expect rows target
SELECT count(*), (SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'people') FROM people;
-- 4 | 2

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email, public.people.phone], with: hmac, key: { env: E2E_MASK_KEY } }
-- new_columns: halt
--- stream
INSERT INTO people VALUES (5, 'canary5@a.b', 'canary-phone');
--- expect nowhere
-- canary
--- expect rows target
SELECT id, phone IS NULL FROM people ORDER BY id;
-- 1 | t
-- 2 | t
-- 3 | t
-- 4 | t
-- 5 | f
