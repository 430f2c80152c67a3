-- With `new_columns: keep` a new column passes, even of a masked table; what is masked stays so.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email], with: hmac, key: { env: E2E_MASK_KEY } }
-- new_columns: keep
--- source
CREATE TABLE people (id int PRIMARY KEY, email text);
INSERT INTO people VALUES (1, 'canary@a.b');

--- stream
ALTER TABLE people ADD COLUMN phone text;
INSERT INTO people VALUES (2, 'canary2@a.b', 'shown');
--- stream
UPDATE people SET phone = 'shown, too' WHERE id = 1;

--- expect nowhere
-- canary
--- expect same
SELECT id, phone FROM people;
SELECT id, phone FROM people;
