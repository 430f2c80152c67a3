-- Several messages in one transaction, counted.
-- debezium: provide.transaction.metadata=true
CREATE TABLE s (id serial PRIMARY KEY, v text);
-- stream
BEGIN; INSERT INTO s (v) VALUES ('a'); SAVEPOINT p; INSERT INTO s (v) VALUES ('b'); ROLLBACK TO p; INSERT INTO s (v) VALUES ('c'); SAVEPOINT q; UPDATE s SET v = 'd'; RELEASE q; COMMIT;
BEGIN; INSERT INTO s (v) VALUES ('lost'); ROLLBACK;
BEGIN; SAVEPOINT a; ALTER TABLE s ADD z int DEFAULT 3; INSERT INTO s (v) VALUES ('with z'); ROLLBACK TO a; INSERT INTO s (v) VALUES ('no z'); COMMIT;
BEGIN; SELECT pg_logical_emit_message(true, 'm', 'one'); INSERT INTO s (v) VALUES ('x'); SELECT pg_logical_emit_message(true, 'm', 'two'); SELECT pg_logical_emit_message(false, 'n', 'three'); COMMIT;
BEGIN; SELECT pg_logical_emit_message(true, 'm', 'only'); SELECT pg_logical_emit_message(true, 'm', 'only2'); COMMIT;
DO $$ BEGIN FOR i IN 1..3 LOOP BEGIN INSERT INTO s (v) VALUES ('l'||i); IF i = 2 THEN RAISE EXCEPTION 'x'; END IF; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$;
