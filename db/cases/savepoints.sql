-- What is rolled back never was, whole transactions and parts of them; what is kept keeps its order.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE events (n int, what text);
ALTER TABLE events REPLICA IDENTITY FULL;

--- stream
BEGIN;
INSERT INTO t VALUES (1, 1);
SAVEPOINT a;
INSERT INTO t VALUES (2, 2);
UPDATE t SET n = 100 WHERE id = 1;
SAVEPOINT b;
DELETE FROM t;
ROLLBACK TO b;
INSERT INTO events VALUES (1, 'after b');
ROLLBACK TO a;
INSERT INTO t VALUES (2, 20);
INSERT INTO events VALUES (2, 'after a');
RELEASE a;
COMMIT;
BEGIN;
TRUNCATE t;
ROLLBACK;
BEGIN;
INSERT INTO t SELECT i, i FROM generate_series(10, 3000) i;
ROLLBACK;
DO $$ BEGIN
  FOR i IN 1..50 LOOP
    BEGIN
      INSERT INTO t VALUES (100 + i, i);
      INSERT INTO events VALUES (i, 'loop');
      IF i % 3 = 0 THEN RAISE 'no'; END IF;
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END $$;
