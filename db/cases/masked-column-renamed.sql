-- A masked column gets another name: no row goes out under it unmasked. The pipeline halts, and goes on once the file
-- masks it under its new name.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email], with: hmac, key: { env: E2E_MASK_KEY } }
--- source
CREATE TABLE people (id int PRIMARY KEY, email text);
INSERT INTO people VALUES (1, 'canary@a.b');

--- stream halts transform_column_missing
INSERT INTO people VALUES (2, 'canary2@a.b');
ALTER TABLE people RENAME COLUMN email TO mail;
INSERT INTO people VALUES (3, 'canary3@a.b');

--- expect nowhere
-- canary
--- expect rows target
SELECT id FROM people ORDER BY 1;
-- 1
-- 2

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.mail], with: hmac, key: { env: E2E_MASK_KEY } }
--- start
--- expect nowhere
-- canary
--- expect rows target
SELECT id, email IS NULL, mail IS NULL FROM people ORDER BY 1;
-- 1 | f | t
-- 2 | f | t
-- 3 | t | f
