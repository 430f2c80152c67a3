-- What is masked leaves the source's side in no record, no key, no old row, no row of the target and no line of the
-- log; equal values stay equal, so that joins over them find the same rows.

--- pipeline
-- transforms:
--   - mask: { columns: [public.people.email, public.orders.contact], with: hmac, key: { env: E2E_MASK_KEY }, template: "{hash:24}@example.invalid" }
--   - mask: { columns: [public.people.phone], with: partial, keep_first: 3, keep_last: 2 }
--   - mask: { columns: [public.people.born], with: fixed, value: "1970-01-01" }
--   - mask: { columns: [public.people.note, public.people.extra], with: null }
--- source
CREATE TABLE people (id int PRIMARY KEY, name text, email text NOT NULL, phone varchar(20), born date, note text, extra jsonb);
CREATE TABLE orders (id int PRIMARY KEY, contact text, total numeric);
ALTER TABLE people REPLICA IDENTITY FULL;
ALTER TABLE people ALTER note SET STORAGE EXTERNAL;
INSERT INTO people SELECT i, 'name ' || i, 'canary-mail-' || i || '@secret.example', '+44 canary ' || i, '1931-07-13', repeat('canary-note ', 1000), '{"canary-json": 1}' FROM generate_series(1, 20) i;
INSERT INTO orders SELECT i, 'canary-mail-' || i % 20 || '@secret.example', i FROM generate_series(1, 40) i;

--- stream
UPDATE people SET name = 'changed' WHERE id = 1;
UPDATE people SET email = 'canary-mail-new@secret.example', note = 'canary-note', phone = NULL WHERE id = 2;
UPDATE people SET id = 103 WHERE id = 3;
DELETE FROM people WHERE id = 4;
INSERT INTO people VALUES (50, 'new', 'canary-mail-new@secret.example', '+44 canary new', NULL, NULL, NULL);
INSERT INTO orders VALUES (50, 'canary-mail-new@secret.example', 1);
UPDATE orders SET contact = NULL WHERE id = 5;

--- expect nowhere
-- canary
-- 1931
-- secret
--- expect same
SELECT p.id, o.id FROM people p JOIN orders o ON o.contact = p.email;
SELECT p.id, o.id FROM people p JOIN orders o ON o.contact = p.email;
--- expect same
SELECT id, name, left(phone, 3), right(phone, 2), length(phone), CASE WHEN born IS NOT NULL THEN '1970-01-01'::date END FROM people;
SELECT id, name, left(phone, 3), right(phone, 2), length(phone), born FROM people;
--- expect rows target
SELECT count(*), count(note), count(extra), count(DISTINCT email) FROM people;
-- 20 | 0 | 0 | 19
