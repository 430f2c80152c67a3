-- A masked column is the key: updates, changes of key, deletes and references meet the same masked rows.

--- pipeline
-- transforms:
--   - mask: { columns: [public.accounts.email, public.logins.email], with: hmac, key: { env: E2E_MASK_KEY } }
--- source
CREATE TABLE accounts (email text PRIMARY KEY, name text, big text);
CREATE TABLE logins (email text REFERENCES accounts ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, at int, PRIMARY KEY (email, at));
ALTER TABLE accounts ALTER big SET STORAGE EXTERNAL;
INSERT INTO accounts SELECT 'canary' || i || '@a.b', 'n' || i, repeat(md5(i::text), 300) FROM generate_series(1, 6) i;
INSERT INTO logins SELECT 'canary' || i || '@a.b', j FROM generate_series(1, 6) i, generate_series(1, 3) j;
--- target
CREATE TABLE accounts (email text PRIMARY KEY, name text, big text);
CREATE TABLE logins (email text REFERENCES accounts DEFERRABLE INITIALLY DEFERRED, at int, PRIMARY KEY (email, at));

--- stream
UPDATE accounts SET name = 'changed' WHERE email = 'canary1@a.b';
DELETE FROM accounts WHERE email = 'canary2@a.b';
UPDATE accounts SET email = 'canary-moved@a.b' WHERE email = 'canary3@a.b';
INSERT INTO accounts VALUES ('canary2@a.b', 'again', NULL);
DELETE FROM logins WHERE at = 1;
INSERT INTO logins VALUES ('canary2@a.b', 9);

--- expect nowhere
-- canary
--- expect same
SELECT name, md5(big), at FROM accounts LEFT JOIN logins USING (email);
SELECT name, md5(big), at FROM accounts LEFT JOIN logins USING (email);
