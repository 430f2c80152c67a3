-- A captured table gets another name: its masks would not meet it any more, so the pipeline halts before the first row
-- of the new name.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email], with: hmac, key: { env: E2E_MASK_KEY } }
--- source
CREATE TABLE people (id int PRIMARY KEY, email text);
CREATE TABLE other (id int PRIMARY KEY);
INSERT INTO people VALUES (1, 'canary@a.b');

--- stream halts table_renamed
INSERT INTO other VALUES (1);
ALTER TABLE people RENAME TO persons;
INSERT INTO persons VALUES (2, 'canary2@a.b');

--- expect nowhere
-- canary
--- expect rows target
SELECT count(*) FROM people;
-- 1
