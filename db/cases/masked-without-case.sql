-- Values that are equal although their case differs have one hash, so that references and joins over them hold.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email, public.notes.email], with: hmac, key: { env: E2E_MASK_KEY }, template: "{hash}@example.invalid" }
--- source
CREATE EXTENSION citext;
CREATE TABLE people (email citext PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, email citext REFERENCES people);
INSERT INTO people VALUES ('Ann@Canary.org', 'a'), ('bob@canary.org', 'b');
INSERT INTO notes VALUES (1, 'ANN@canary.org');
--- target
CREATE EXTENSION citext;
CREATE TABLE people (email citext PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, email citext REFERENCES people);

--- stream
INSERT INTO notes VALUES (2, 'aNN@cANARY.ORG'), (3, 'BOB@CANARY.ORG');
UPDATE people SET name = 'changed' WHERE email = 'ann@canary.org';

--- expect same
SELECT n.id, p.name FROM notes n JOIN people p USING (email);
SELECT n.id, p.name FROM notes n JOIN people p USING (email);
--- expect nowhere
-- Canary
-- canary
-- CANARY
