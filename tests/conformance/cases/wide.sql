-- in json and avro
DO $$ BEGIN EXECUTE 'CREATE TABLE w (id int PRIMARY KEY, ' || (SELECT string_agg('c' || i || ' int', ', ') FROM generate_series(1, 1599) i) || ')'; END $$;
INSERT INTO w (id, c1) VALUES (1, 1);
-- stream
INSERT INTO w (id, c1599) VALUES (2, 2);
UPDATE w SET c5 = 5 WHERE id = 1; DELETE FROM w;
