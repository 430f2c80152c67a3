-- Transactions that came from elsewhere say from where; those between them do not.
CREATE TABLE a (id int PRIMARY KEY, v text);
-- stream
SELECT pg_replication_origin_create(current_database() || ' "elsewhere"');
INSERT INTO a VALUES (1, 'from here');
SELECT pg_replication_origin_session_setup(current_database() || ' "elsewhere"');
BEGIN;
SELECT pg_replication_origin_xact_setup('0/12345', '2024-01-02 03:04:05+00');
INSERT INTO a VALUES (2, 'from elsewhere');
SELECT pg_logical_emit_message(true, 'shop', 'from elsewhere');
UPDATE a SET v = 'from elsewhere, too' WHERE id = 1;
COMMIT;
INSERT INTO a VALUES (3, 'from elsewhere, of no known place');
SELECT pg_replication_origin_session_reset();
INSERT INTO a VALUES (4, 'from here');
SELECT pg_logical_emit_message(false, 'shop', 'from here');
SELECT pg_replication_origin_drop(current_database() || ' "elsewhere"');
