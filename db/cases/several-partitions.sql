-- A topic of several partitions: the order between keys and tables is that of the commits all the same.

--- pipeline
-- kafka: { partitions: 4 }
--- source
CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
INSERT INTO a SELECT i, 0 FROM generate_series(1, 100) i;
--- target
CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);

--- stream
DO $$ BEGIN FOR i IN 1..100 LOOP
  INSERT INTO a VALUES (1000 + i, i);
  INSERT INTO b VALUES (i, 1000 + i);
  UPDATE a SET n = i WHERE id % 10 = i % 10;
  DELETE FROM b WHERE id = i - 5;
  DELETE FROM a WHERE id = 1000 + i - 5;
END LOOP; END $$;
UPDATE a SET id = id + 10000 WHERE id <= 20;

--- live
DELETE FROM b;
TRUNCATE b;
INSERT INTO b SELECT i, i FROM generate_series(30, 60) i;
