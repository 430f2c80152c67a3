-- A transaction that is larger than a batch, and that is read again from its middle after a stop, begins once, ends once,
-- and is counted as a whole; what the chain drops is counted, too.

--- pipeline
-- source: { postgres: { provide_transaction_metadata: true } }
-- transforms:
--   - mask: { columns: [public.t.a], with: fixed, value: masked }
--   - filter: { drop: { tables: [public.left_out] } }
--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE left_out (id int PRIMARY KEY);

--- stream
INSERT INTO t VALUES (1, 'one');
BEGIN;
UPDATE t SET id = 2;
INSERT INTO left_out VALUES (1);
COMMIT;
--- expect topic transaction
-- BEGIN END:1 BEGIN END:3

--- live
BEGIN;
INSERT INTO t SELECT i, 'many' FROM generate_series(10, 60009) i;
UPDATE t SET a = 'more' WHERE id = 10;
COMMIT;
--- expect topic transaction
-- BEGIN END:1 BEGIN END:3 BEGIN END:60001
--- live
BEGIN;
DELETE FROM t WHERE id > 9;
COMMIT;
--- expect topic transaction
-- BEGIN END:1 BEGIN END:3 BEGIN END:60001 BEGIN END:60000
--- expect same
SELECT id FROM t;
SELECT id FROM t;
